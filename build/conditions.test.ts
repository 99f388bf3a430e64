import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EVENT_REASON, LIMIT_REASON, READY_REASON, STALLED_REASON } from '../src/api/reasons.ts';
import { JOB_FAILURES } from '../src/backup/results.ts';
import {
  BACKUP_EVENT,
  BACKUP_REASON,
  RESTORE_EVENT,
  RESTORE_REASON,
} from '../src/backup-controllers/decision/reasons.ts';

const page = await readFile('docs/conditions.md', 'utf8');
const told = new Set(page.match(/(?<=`)[A-Z][A-Za-z]+(?=`)/g));

test.each([
  ['Ready', Object.values(READY_REASON)],
  ['Stalled', Object.values(STALLED_REASON)],
  ['the limits', Object.values(LIMIT_REASON)],
  ['events of addons', Object.values(EVENT_REASON)],
  ['backups', Object.values(BACKUP_REASON)],
  ['restores', Object.values(RESTORE_REASON)],
  ['Jobs', Object.keys(JOB_FAILURES)],
  ['events of backups and restores', [...Object.values(BACKUP_EVENT), ...Object.values(RESTORE_EVENT)]],
])('the page tells every reason of %s', (_, reasons) => {
  expect(reasons.filter((reason) => !told.has(reason))).toEqual([]);
});

test('the page tells every reason that is written where it is given', async () => {
  const folders = ['addon', 'backup-controllers', 'maintenance'];
  const files = (await Promise.all(folders.map((name) => sourcesIn(join('src', name))))).flat();
  const given = files.flatMap((text) => text.match(/reason: ('[A-Z][A-Za-z]+'( \| )?)+/g) ?? []);
  const written = given.flatMap((text) => text.match(/(?<=')[A-Z][A-Za-z]+(?=')/g) ?? []);
  expect(written.length).toBeGreaterThan(20);
  expect([...new Set(written)].filter((reason) => !told.has(reason))).toEqual([]);
});

test('the page tells of no reason that nobody gives', async () => {
  const sources = (await Promise.all((await readdir('src', { recursive: true })).map(readSource))).join('\n');
  const conditions = page.match(/(?<=^\| `)[A-Z][A-Za-z]+(?=` \| `)/gm) ?? [];
  const known = (word: string): boolean => new RegExp(`\\b${word}\\b`).test(sources);
  expect([...told, ...conditions].filter((word) => !known(word))).toEqual([]);
});

async function sourcesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  // What tests play says what a kubelet says.
  const ours = names.filter((name) => !name.startsWith('testing/'));
  return await Promise.all(ours.map((name) => readSource(join(folder, name).slice('src/'.length))));
}

async function readSource(name: string): Promise<string> {
  return name.endsWith('.ts') && !name.endsWith('.test.ts') ? await readFile(join('src', name), 'utf8') : '';
}
