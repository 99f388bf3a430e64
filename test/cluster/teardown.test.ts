import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type BedState, bedDir, bedsRoot, claimBed, readBed } from './bed.ts';
import { identityOf } from './process-identity.ts';
import { sweepDeadBeds, tearDown } from './teardown.ts';

let home: string;
const dead = { ...identityOf(process.pid), startTime: '1' };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'influxaddon-teardown-test-'));
  vi.stubEnv('XDG_CACHE_HOME', home);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

async function bed(state: Partial<BedState> & { name: string }): Promise<void> {
  await mkdir(join(bedDir(state.name), 'data'), { recursive: true });
  const whole: BedState = { kind: 'control-plane', owner: dead, processes: [], ...state };
  await writeFile(join(bedDir(state.name), 'state.json'), JSON.stringify(whole));
}

test('a bed that cannot be torn down is told, and left, and stops no other', async () => {
  await bed({ name: 'a-broken', kind: 'node' });
  await bed({ name: 'b-sound' });
  await bed({ name: 'c-living', owner: identityOf(process.pid) });
  const told: string[] = [];
  // A node's loop devices are looked for with a command that is not there now.
  vi.stubEnv('PATH', home);
  expect(await sweepDeadBeds(undefined, (line) => told.push(line))).toEqual(['b-sound']);
  vi.unstubAllEnvs();
  vi.stubEnv('XDG_CACHE_HOME', home);
  expect(told).toContainEqual(expect.stringMatching(/^bed a-broken .*losetup/));
  expect((await readBed('a-broken'))?.stuck).toContain('losetup');
  expect(await readBed('c-living')).toBeDefined();

  expect(await sweepDeadBeds('a-broken')).toEqual(['a-broken']);
  expect((await readdir(bedsRoot())).filter((name) => !name.startsWith('.'))).toEqual(['c-living']);
});

test('sweepers at the same time remove a bed once, and none that took its name', async () => {
  await bed({ name: 'one' });
  const swept = await Promise.all([sweepDeadBeds(), sweepDeadBeds('one'), sweepDeadBeds()]);
  expect(swept.flat()).toEqual(['one']);
  const again = await claimBed('one', 'control-plane');
  expect(await sweepDeadBeds()).toEqual([]);
  expect(await readBed('one')).toMatchObject({ owner: { pid: process.pid } });
  await tearDown(again.state);
  expect(await readBed('one')).toBeUndefined();
});
