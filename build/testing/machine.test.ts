import { expect, test } from 'vitest';
import { judge, type Machine } from './machine.ts';
import { slownessOf } from './slowness.ts';

const good: Machine = {
  node: '24.21.0',
  cache: '/home/me/.cache/influxaddon-operator',
  cacheFileSystem: 0xef53,
  freeDisk: 2 ** 36,
  freeMemory: 2 ** 33,
  inotifyInstances: 512,
  xfs: true,
  loopDevices: true,
  root: true,
};

test('a good machine is told nothing', () => {
  expect(judge(good)).toEqual({ wrong: [], warnings: [] });
});

test.each<[Partial<Machine>, RegExp]>([
  [{ node: '22.9.0' }, /^Node is 22\.9\.0, and 24/],
  [{ freeDisk: 2 ** 32 }, /^4\.0 GiB are free/],
  [{ freeMemory: 2 ** 30 }, /^1\.0 GiB of memory/],
  [
    { cache: '/var/lib/jenkins/.cache/influxaddon-operator' },
    /a folder that a node hides: set XDG_CACHE_HOME/,
  ],
  [{ cacheFileSystem: 0x794c7630 }, /is on an overlay.*: set XDG_CACHE_HOME/],
])('%j is wrong', (change, sentence) => {
  expect(judge({ ...good, ...change })).toEqual({ wrong: [expect.stringMatching(sentence)], warnings: [] });
});

test.each<[Partial<Machine>, RegExp]>([
  [{ freeDisk: 8 * 2 ** 30 }, /^only 8\.0 GiB/],
  [{ freeMemory: 3 * 2 ** 30 }, /^only 3\.0 GiB of memory/],
  [{ root: false }, /^not root/],
  [{ xfs: false }, /xfs/],
  [{ loopDevices: false }, /loop devices/],
  [{ inotifyInstances: 511 }, /max_user_instances is 511/],
])('%j is told', (change, sentence) => {
  expect(judge({ ...good, ...change })).toEqual({ wrong: [], warnings: [expect.stringMatching(sentence)] });
});

test('a faster machine has the same limits, a slow one up to six times as much', () => {
  expect([1e9, 1e-9].map(slownessOf)).toEqual([1, 6]);
});
