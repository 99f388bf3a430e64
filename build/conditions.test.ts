import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  ANSWERING,
  APP_REASON,
  BACKUPS_REASON,
  EVENT_REASON,
  LIMIT_REASON,
  MAINTENANCE_REASON,
  NOT_STALLED,
  READY_REASON,
  STALLED_REASON,
  UP_TO_DATE,
} from '../src/api/reasons.ts';
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
  ['bound apps', Object.values(APP_REASON)],
  ['maintenance', Object.values(MAINTENANCE_REASON)],
  ['backups of an addon', Object.values(BACKUPS_REASON)],
  ['what is as it should be', [ANSWERING, NOT_STALLED, UP_TO_DATE]],
  ['events of addons', Object.values(EVENT_REASON)],
  ['backups', Object.values(BACKUP_REASON)],
  ['restores', Object.values(RESTORE_REASON)],
  ['Jobs', Object.keys(JOB_FAILURES)],
  ['events of backups and restores', [...Object.values(BACKUP_EVENT), ...Object.values(RESTORE_EVENT)]],
])('the page tells every reason of %s', (_, reasons) => {
  expect(reasons.filter((reason) => !told.has(reason))).toEqual([]);
});

test('every reason of a condition has its constant', async () => {
  const files = (await readdir('src', { recursive: true })).filter((name) => OF_ADDONS.test(name));
  const sources = await Promise.all(files.map(async (name) => ({ name, text: await readSource(name) })));
  expect(sources.length).toBeGreaterThan(100);
  const written = sources.flatMap(({ name, text }) =>
    (text.match(/\breason: '[A-Z][A-Za-z]+'/g) ?? []).map((found) => `${name}: ${found}`),
  );
  expect(written).toEqual([]);
});

/** What decides over the conditions of addons. */
const OF_ADDONS = /^(addon|maintenance|contents|limits)\/(?!(.*\/)?testing\/)/;

test('the page tells of no reason that nobody gives', async () => {
  const sources = (await Promise.all((await readdir('src', { recursive: true })).map(readSource))).join('\n');
  const conditions = page.match(/(?<=^\| `)[A-Z][A-Za-z]+(?=` \| `)/gm) ?? [];
  const known = (word: string): boolean => new RegExp(`\\b${word}\\b`).test(sources);
  expect([...told, ...conditions].filter((word) => !known(word))).toEqual([]);
});

async function readSource(name: string): Promise<string> {
  return name.endsWith('.ts') && !name.endsWith('.test.ts') ? await readFile(join('src', name), 'utf8') : '';
}
