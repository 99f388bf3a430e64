import { afterAll, beforeAll, expect, test } from 'vitest';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { PersistentVolumeClaim, Pod } from '../../src/kube/objects/kinds.ts';
import { eventually, readChildren } from './children.ts';
import { notes, podUid, type Before, settled } from './drift.ts';
import { condition, type OperatorBed } from './operator-bed.ts';
import { hasPoint, writePoint } from './points.ts';
import { atRest } from './rest.ts';
import { withOperatorBed } from './with-bed.ts';

const CLAIM = 'db-influx-data';
/** Of the bed's time: a claim that is gone is looked for again within half a minute, a database within one. */
const SOON_MS = 120_000;

let bed: OperatorBed;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);
beforeAll(async () => {
  await bed.startOperator();
});
afterAll(() => bed.stopOperators());

test('a claim that somebody deleted: edits wait, and nothing that we do ends the pod', async () => {
  const before = await settled(bed, 'edited meanwhile');
  const { namespace } = before;
  await deleteClaim(namespace);
  await stalled(namespace, 'VolumeBeingDeleted');
  const edits = { spec: { plan: '1g', state: 'Stopped' } };
  await annotate(namespace, { 'influxaddon.dev/rotate': 'a' }, edits);
  const told = await bed.until(namespace, 'db', 'told what waits', (addon) =>
    (condition(addon, 'Stalled')?.message ?? '').includes('spec.plan 1g, spec.state Stopped'),
  );
  expect(condition(told, 'Stalled')?.reason).toBe('VolumeBeingDeleted');
  await atRest(bed, namespace, 'db');
  expect(await podUid(bed, namespace)).toBe(before.podUid);
  expect(await hasPoint(bed, namespace, 'db', 'before')).toBe(true);
  const pod = await bed.client.get(Pod, { namespace, name: 'db-influx-0' });
  expect(pod?.metadata.deletionTimestamp).toBeUndefined();

  await edit(namespace, { spec: { state: 'Running' } });
  await annotate(namespace, { 'influxaddon.dev/start-empty': before.claimUid });
  await anotherVolume(before);
  await startedEmpty(before);
});

test('a volume that is gone: DataLost, until somebody says that the data is given up', async () => {
  const before = await settled(bed, 'gone');
  const { namespace } = before;
  await loseVolume(namespace);
  const lost = await stalled(namespace, 'DataLost');
  const { message = '' } = condition(lost, 'Stalled') ?? {};
  expect(message).toContain(`influxaddon.dev/start-empty: "${before.claimUid}"`);
  expect(message).toContain(`volumeName: fake-${before.claimUid}`);
  expect(condition(lost, 'Ready')?.status).toBe('False');
  await eventually('the event', async () =>
    /is gone, and with it the data/.test((await notes(before, 'DataLost')).join()),
  );
  await annotate(namespace, { 'influxaddon.dev/start-empty': 'something else' });
  await atRest(bed, namespace, 'db');
  expect(await claimUid(namespace)).toBeUndefined();

  await annotate(namespace, { 'influxaddon.dev/start-empty': before.claimUid });
  await anotherVolume(before);
  await startedEmpty(before);
  // It was said of that loss, and of no other.
  await loseVolume(namespace);
  expect(condition(await stalled(namespace, 'DataLost'), 'Stalled')?.message).not.toContain(before.claimUid);
});

test('a claim that lost its labels is not lost', async () => {
  const before = await settled(bed, 'without labels');
  const { namespace } = before;
  const strip = await bed.client.get(PersistentVolumeClaim, { namespace, name: CLAIM });
  if (strip === undefined) throw new Error('there is no claim');
  await bed.client.replace(PersistentVolumeClaim, {
    ...strip,
    metadata: { ...strip.metadata, labels: {}, annotations: {} },
  });
  await eventually('the labels to be there again', async () => {
    const claim = await bed.client.get(PersistentVolumeClaim, { namespace, name: CLAIM });
    return claim?.metadata.annotations?.['influxaddon.dev/id'] === before.id;
  });
  await atRest(bed, namespace, 'db');
  await bed.ready(namespace, 'db');
  expect([await claimUid(namespace), await podUid(bed, namespace)]).toEqual([before.claimUid, before.podUid]);
  expect(await notes(before, 'DataLost')).toEqual([]);
});

test.each([
  ['with the data', true],
  ['with nothing', false],
])('a claim that somebody made by hand, with the id and %s', async (what, isFull) => {
  const before = await settled(bed, `by hand ${what}`);
  const { namespace } = before;
  const { databases, users } = bed.kubelet.engine.state(before.claimUid);
  const kept = { databases: new Map(databases), users: new Map(users) };
  await loseVolume(namespace);
  await stalled(namespace, 'DataLost');
  const made = await bed.client.create(PersistentVolumeClaim, {
    metadata: { namespace, name: CLAIM, annotations: { 'influxaddon.dev/id': before.id } },
    spec: { accessModes: ['ReadWriteOncePod'], resources: { requests: { storage: '10Gi' } } },
  });
  if (isFull) Object.assign(bed.kubelet.engine.state(made.metadata.uid), kept);
  if (isFull) {
    await bed.lapse('the database on it', SOON_MS, async () => {
      const { status } = await bed.get(namespace, 'db');
      return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True');
    });
    expect(await hasPoint(bed, namespace, 'db', 'before')).toBe(true);
    expect(await claimUid(namespace)).toBe(made.metadata.uid);
    return;
  }
  await bed.lapse('what is on it to be told', SOON_MS, async () =>
    (condition(await bed.get(namespace, 'db'), 'Stalled')?.message ?? '').includes('knows neither'),
  );
  expect(condition(await bed.get(namespace, 'db'), 'Ready')?.status).toBe('False');
  expect(bed.kubelet.engine.state(made.metadata.uid).databases.size).toBe(0);
});

test('an addon of the same name whose kept volume was lost', async () => {
  const before = await settled(bed, 'kept');
  const { namespace } = before;
  await bed.client.delete(InfluxAddon, { namespace, name: 'db' });
  await eventually('the pod to be gone', async () => (await podUid(bed, namespace)) === undefined);
  await deleteClaim(namespace);
  await eventually('the claim to be gone', async () => (await claimUid(namespace)) === undefined);
  const { metadata } = await bed.addon(namespace, 'db');
  const lost = await stalled(namespace, 'DataLost');
  expect(condition(lost, 'Stalled')?.message).toContain(`start-empty: "${metadata.uid}"`);
  await annotate(namespace, { 'influxaddon.dev/start-empty': metadata.uid });
  await anotherVolume(before);
  await bed.ready(namespace, 'db');
  expect(await hasPoint(bed, namespace, 'db', 'before')).toBe(false);
});

async function deleteClaim(namespace: string): Promise<void> {
  await bed.client.delete(PersistentVolumeClaim, { namespace, name: CLAIM });
}

/** Somebody deletes the claim, and somebody the pod. */
async function loseVolume(namespace: string): Promise<void> {
  await deleteClaim(namespace);
  await stalled(namespace, 'VolumeBeingDeleted');
  await bed.kubelet.killPod(namespace, 'db-influx-0');
  await eventually('the claim to be gone', async () => (await claimUid(namespace)) === undefined);
}

async function claimUid(namespace: string): Promise<string | undefined> {
  return (await readChildren(bed, namespace, 'db')).claim?.metadata.uid;
}

async function anotherVolume({ namespace, claimUid: lost }: Before): Promise<void> {
  await bed.lapse(
    'another volume',
    SOON_MS,
    async () => ![undefined, lost].includes(await claimUid(namespace)),
  );
}

/** A new database, which is told of. */
async function startedEmpty(before: Before): Promise<void> {
  const { namespace } = before;
  await bed.lapse('a database on it', SOON_MS, async () => {
    const { status, metadata } = await bed.get(namespace, 'db');
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return ready?.status === 'True' && status?.observedGeneration === metadata.generation;
  });
  expect(await hasPoint(bed, namespace, 'db', 'before')).toBe(false);
  expect(await writePoint(bed, namespace, 'db', 'after')).toBe(true);
  await eventually('the event', async () => (await notes(before, 'StartedEmpty')).length > 0);
}

async function stalled(namespace: string, reason: string) {
  return await bed.until(
    namespace,
    'db',
    `stalled (${reason})`,
    (addon) => condition(addon, 'Stalled')?.reason === reason,
  );
}

async function edit(namespace: string, body: object): Promise<void> {
  await bed.client.patch(InfluxAddon, { namespace, name: 'db' }, body, { type: 'merge' });
}

async function annotate(namespace: string, annotations: object, more: object = {}): Promise<void> {
  await edit(namespace, { metadata: { annotations }, ...more });
}
