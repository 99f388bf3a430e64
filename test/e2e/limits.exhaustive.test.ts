import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PodWatch } from './changes/pod-watch.ts';
import type { Database } from './database.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';
import type { Addon, Space } from './space.ts';

/** What comes of a volume that fills and of too little memory, on a real node with real databases. */
let node: OperatorNode;
let space: Space;

beforeAll(async () => {
  node = await startOperatorNode({ values: { operator: { extraArgs: ['--measure-seconds=5'] } } });
  space = await node.space('limits');
  for (const [name, memory, size, maxSize] of [
    ['growing', '256Mi', '128Mi', '256Mi'],
    ['narrow', '128Mi', '256Mi', '256Mi'],
  ] as const) {
    await node.api.send('POST', '/apis/influxaddon.dev/v1alpha1/influxplans', {
      apiVersion: 'influxaddon.dev/v1alpha1',
      kind: 'InfluxPlan',
      metadata: { name },
      spec: {
        class: 'Starter',
        memory,
        cpu: { request: '5m', limit: '2' },
        storage: { size, maxSize },
        limits: { connections: 50, concurrentQueries: 5, queryTimeout: '60s', series: 100_000_000 },
      },
    });
  }
});

afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
});

function condition({ status }: Addon, type: string) {
  return status?.conditions?.find((each) => each.type === type);
}

/** The size of the volume as status tells it. */
function storage({ status }: Addon): string | undefined {
  return (status as { storage?: { actual?: string } }).storage?.actual;
}

/** Of the volume of an addon, as its pod sees it. */
async function megabytes(name: string): Promise<{ size: number; used: number }> {
  const [, size, used] = (await space.shell(name, 'df -m /var/lib/influxdb | tail -n 1')).trim().split(/\s+/);
  return { size: Number(size), used: Number(used) };
}

/** From 0 to below 1, the same for everybody: Park and Miller's generator, which no compression sees through. */
let drawn = 1;
function draw(): number {
  drawn = (drawn * 48_271) % 2_147_483_647;
  return drawn / 2_147_483_647;
}

/** Points that do not compress. */
function noise(batch: number): string[] {
  return Array.from(
    { length: 5_000 },
    (_, n) => `noise,host=h${n % 50} a=${draw()},b=${draw()} ${1_600_000_000 + batch * 5_000 + n}`,
  );
}

/** Each point in a series of its own. */
function series(batch: number): string[] {
  return Array.from({ length: 5_000 }, (_, n) => `requests,id=r${batch}-${n} n=1i ${1_600_000_000 + n}`);
}

/** Writes until the addon is as described. What is refused is not written again. */
async function writeUntil(
  database: Database,
  name: string,
  lines: (batch: number) => string[] | Promise<string[]>,
  is: (addon: Addon) => boolean,
): Promise<Addon> {
  for (let batch = 0; batch < 2_000; batch += 1) {
    const taken = await database.write(await lines(batch)).then(
      () => true,
      () => false,
    );
    if (!taken) await delay(200);
    if (batch % 5 !== 4 && taken) continue;
    const addon = await space.addon(name);
    if (is(addon)) return addon;
  }
  throw new Error(
    `${name} is still not as it should be: ${JSON.stringify((await space.addon(name)).status)}`,
  );
}

test('a volume that fills grows under a database that goes on writing', async () => {
  const database = await space.ready('grows', { plan: 'growing', storage: { autoGrow: 'Enabled' } });
  const before = await space.pod('grows');
  expect(storage(await space.addon('grows'))).toBe('128Mi');
  // The last third slowly: it must not be full before anybody has looked, which is a matter of another test.
  let slowly = false;
  const lines = async (batch: number): Promise<string[]> => {
    if (!slowly && batch % 5 === 0) slowly = (await megabytes('grows')).used >= 80;
    if (slowly) await delay(500);
    return noise(batch);
  };
  const addon = await writeUntil(database, 'grows', lines, (each) => storage(each) === '256Mi');
  expect(condition(addon, 'Ready')?.status).toBe('True');
  expect((await megabytes('grows')).size).toBeGreaterThan(200);
  const after = await space.pod('grows');
  expect(after.metadata.uid).toBe(before.metadata.uid);
  expect(after.status.containerStatuses?.[0]?.restartCount).toBe(0);
});

test('a database that is killed for its memory is told of, and the plan that the message names ends it', async () => {
  const database = await space.ready('narrow', { plan: 'narrow' });
  await database.fill('kept', 100);
  const before = await space.pod('narrow');
  const killed = await writeUntil(
    database,
    'narrow',
    series,
    (each) => condition(each, 'MemoryExhausted')?.status === 'True',
  );
  const message = condition(killed, 'MemoryExhausted')?.message ?? '';
  const next = /set spec\.plan to (\S+) \((\S+)\)/.exec(message)?.slice(1);
  expect(next).toEqual(['growing', '256Mi']);
  expect((await space.pod('narrow')).metadata.uid).toBe(before.metadata.uid);
  await space.edit('narrow', { plan: 'growing' });
  await space.status('narrow', 'Ready');
  expect(condition(await space.addon('narrow'), 'MemoryExhausted')?.status).toBe('False');
  expect(await database.count('kept')).toBe(100);
});

test('a full volume is told as what it is, and growing ends it with one restart of the database', async () => {
  const database = await space.ready('full', { plan: 'growing' });
  await database.fill('kept', 100);
  const before = await space.pod('full');
  await using pods = await PodWatch.of(space, 'full');
  const full = await writeUntil(
    database,
    'full',
    noise,
    (each) => condition(each, 'StorageFilling')?.reason === 'VolumeFull',
  );
  expect(condition(full, 'StorageFilling')?.message).toContain('no space left on device');
  expect(condition(full, 'StorageFilling')?.message).toContain(
    'Set spec.storage.autoGrow to Enabled (up to 256Mi)',
  );
  expect(await database.count('kept')).toBe(100);
  await expect(writeOften(database, 200)).rejects.toThrow('no space left on device');

  // Up to here nothing was restarted.
  expect(pods.count).toBe(1);

  await space.edit('full', { storage: { autoGrow: 'Enabled' } });
  await space.until('the volume to have grown, and room again', async () => {
    const addon = await space.addon('full');
    return storage(addon) === '256Mi' && condition(addon, 'StorageFilling')?.reason !== 'VolumeFull';
  });
  // The engine would go on refusing what goes into the log that it could not write.
  const after = await space.nextPod('full', before.metadata.uid);
  await space.status('full', 'Ready');
  await writeOften(database, 2);
  expect(await database.count('kept')).toBe(100);
  expect((await space.pod('full')).metadata.uid).toBe(after.metadata.uid);
  expect(after.status.containerStatuses?.[0]?.restartCount).toBe(0);
  expect(pods.count).toBe(2);
});

/** So many batches: what little space a failed write or a compaction leaves behind is not enough for many. */
async function writeOften(database: Database, batches: number): Promise<void> {
  for (let batch = 0; batch < batches; batch += 1) await database.write(noise(10_000 + batch));
}
