import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { Event, PersistentVolumeClaim, Pod, StatefulSet } from '../../src/kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../src/kube/objects/types.ts';
import type { EngineState } from '../cluster/fakes/fake-engine.ts';
import { childOf, eventually, readChildren, type Slot } from './children.ts';
import type { OperatorBed } from './operator-bed.ts';
import { hasPoint, writePoint } from './points.ts';
import { atRest } from './rest.ts';

type Essence = Record<string, unknown>;

/** An addon `db` that was at rest, with a point in its database, before somebody did something to it. */
export interface Before {
  readonly bed: OperatorBed;
  readonly namespace: string;
  readonly essence: Essence;
  readonly claimUid: string;
  readonly podUid: string;
  readonly id: string;
}

export const SECRETS = ['adminSecret', 'urlSecret', 'bindingSecret'] as const satisfies Slot[];

export async function settled(bed: OperatorBed, what: string): Promise<Before> {
  const namespace = await bed.namespace(what.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'));
  await bed.addon(namespace, 'db');
  await bed.ready(namespace, 'db');
  await atRest(bed, namespace, 'db');
  const children = await readChildren(bed, namespace, 'db');
  expect(await writePoint(bed, namespace, 'db', 'before')).toBe(true);
  return {
    bed,
    namespace,
    id: (await bed.get(namespace, 'db')).status?.id ?? '',
    essence: essenceOf(children),
    claimUid: children.claim?.metadata.uid ?? '',
    podUid: (await podUid(bed, namespace)) ?? '',
  };
}

/** All that the operator decides about the children; not what the API server and its controllers add. */
function essenceOf(children: Partial<Record<Slot, Live<KubeObject>>>): Essence {
  return Object.fromEntries(
    Object.entries(children).map(([slot, live]) => {
      const { labels, annotations = {}, ownerReferences } = live.metadata;
      const ours = Object.entries(annotations).filter(([key]) => key.startsWith('influxaddon.dev/'));
      const { spec, data } = live as { spec?: Record<string, unknown>; data?: object };
      const { clusterIP: _ip, clusterIPs: _ips, ...rest } = spec ?? {};
      return [slot, { labels, annotations: Object.fromEntries(ours), ownerReferences, spec: rest, data }];
    }),
  );
}

/** The children are what they were before, on the same volume. */
export async function healed({ bed, namespace, essence, claimUid }: Before): Promise<void> {
  let now: Essence = {};
  await eventually('the children to be as they were', async () => {
    const children = await readChildren(bed, namespace, 'db');
    expect(children.claim?.metadata.uid).toBe(claimUid);
    now = essenceOf(children);
    return isDeepStrictEqual(now, essence);
  }).catch((error: unknown) => {
    expect(now, String(error)).toEqual(essence);
    throw error;
  });
}

/** Healed without a restart of the database, and nothing goes on. */
export async function untouched(before: Before): Promise<void> {
  const { bed, namespace } = before;
  expect(await podUid(bed, namespace)).toBe(before.podUid);
  await sameData(before);
  await bed.ready(namespace, 'db');
  await atRest(bed, namespace, 'db');
}

export async function sameData({ bed, namespace, claimUid, id }: Before): Promise<void> {
  expect(await hasPoint(bed, namespace, 'db', 'before')).toBe(true);
  const claim = await bed.client.get(PersistentVolumeClaim, { namespace, name: 'db-influx-data' });
  expect(claim?.metadata.uid).toBe(claimUid);
  expect((await bed.get(namespace, 'db')).status?.id).toBe(id);
}

/** No rollout is under way or to come: one pod, of the present template, that is ready and stays. */
export async function rolledOut({ bed, namespace }: Before): Promise<void> {
  await eventually('one ready pod of the present template', async () => {
    const set = await bed.client.get(StatefulSet, { namespace, name: 'db-influx' });
    const { items } = await bed.client.list(Pod, { namespace });
    const [pod] = items;
    const isReady = pod?.status?.conditions?.some(
      ({ type, status }) => type === 'Ready' && status === 'True',
    );
    return (
      items.length === 1 &&
      isReady === true &&
      pod?.metadata.deletionTimestamp === undefined &&
      set?.status?.observedGeneration === set?.metadata.generation &&
      set?.status?.updatedReplicas === 1 &&
      pod?.metadata.labels?.['controller-revision-hash'] === set.status.updateRevision
    );
  });
}

export async function patch({ bed, namespace }: Before, slot: Slot, body: object): Promise<void> {
  const { kind, name } = childOf('db', slot);
  await bed.client.patch(kind, { namespace, name }, body, { type: 'merge' });
}

export async function remove({ bed, namespace }: Before, slot: Slot): Promise<void> {
  const { kind, name } = childOf('db', slot);
  await bed.client.delete(kind, { namespace, name });
}

export async function podUid(bed: OperatorBed, namespace: string): Promise<string | undefined> {
  return (await bed.client.get(Pod, { namespace, name: 'db-influx-0' }))?.metadata.uid;
}

/** What the operator's events of this reason say. */
export async function notes({ bed, namespace }: Before, reason: string): Promise<string[]> {
  const { items } = await bed.client.list(Event, { namespace });
  return items.filter((event) => event.reason === reason).map(({ note }) => note ?? '');
}

export function engineOf({ bed, claimUid }: Before): EngineState {
  return bed.kubelet.engine.state(claimUid);
}

const STATUS = 'patch influxaddons/status';

/** What the operator wrote to the namespace since then; how often to the status, which time may add to, apart. */
export async function wrote(
  { bed, namespace }: Before,
  since: number,
): Promise<{ children: string[]; status: number }> {
  const all = await bed.writes(namespace, since);
  const children = all.filter((each) => each !== STATUS);
  return { children, status: all.length - children.length };
}
