import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InfluxAddon } from '../../src/api/kinds.ts';
import {
  Event,
  NetworkPolicy,
  PersistentVolumeClaim,
  Pod,
  Service,
  StatefulSet,
} from '../../src/kube/kinds.ts';
import type { KubeObject, Live } from '../../src/kube/types.ts';
import type { EngineState } from '../cluster/fakes/fake-engine.ts';
import { childOf, eventually, readChildren, type Slot } from './children.ts';
import { secretData } from './database.ts';
import { condition, OPERATOR_USER, type OperatorBed, startOperatorBed } from './operator-bed.ts';
import { hasPoint, writePoint } from './points.ts';

let bed: OperatorBed;
beforeAll(async () => {
  bed = await startOperatorBed();
  await bed.startOperator();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

type Essence = Record<string, unknown>;
/** An addon that was ready, with a point in its database, before somebody did something to it. */
interface Before {
  readonly namespace: string;
  readonly essence: Essence;
  readonly claimUid: string;
  readonly podUid: string;
  readonly id: string;
}

const SECRETS = ['adminSecret', 'urlSecret', 'bindingSecret'] as const satisfies Slot[];

describe('an edited or deleted Secret comes back as it was', () => {
  describe.each(SECRETS)('%s', (slot) => {
    test.concurrent('each key edited', async () => {
      const before = await settled(`edit-${slot}`);
      const { name } = childOf('db', slot);
      for (const key of Object.keys(await secretData(bed, before.namespace, name))) {
        const data = { [key]: Buffer.from('edited').toString('base64') };
        await patch(before, slot, { data });
        await healed(before);
      }
      await untouched(before);
    });

    test.concurrent('each key removed, and one added', async () => {
      const before = await settled(`remove-${slot}`);
      const { name } = childOf('db', slot);
      for (const key of Object.keys(await secretData(bed, before.namespace, name))) {
        await patch(before, slot, { data: { [key]: null } });
        await healed(before);
      }
      await patch(before, slot, { data: { EXTRA: 'AAAA' } });
      await healed(before);
      await untouched(before);
    });

    test.concurrent('its labels, annotations and owners removed', async () => {
      const before = await settled(`labels-${slot}`);
      await patch(before, slot, { metadata: { labels: null } });
      await healed(before);
      await patch(before, slot, { metadata: { annotations: null } });
      await healed(before);
      await patch(before, slot, { metadata: { ownerReferences: null } });
      await healed(before);
      await untouched(before);
    });
  });

  test.concurrent.each(['urlSecret', 'bindingSecret'] as const)('%s deleted', async (slot) => {
    const before = await settled(`delete-${slot}`);
    const since = Date.now();
    await remove(before, slot);
    await healed(before);
    await untouched(before);
    expect(await writes(before.namespace, since)).toEqual(['create secrets']);
  });

  test.concurrent('the admin Secret deleted: a new administrator, and everything else as it was', async () => {
    const before = await settled('delete-admin');
    const old = await secretData(bed, before.namespace, 'db-influx-admin');
    await remove(before, 'adminSecret');
    await eventually('a new pod', async () => (await podUid(before.namespace)) !== before.podUid, 60_000);
    await bed.ready(before.namespace, 'db');
    const now = await secretData(bed, before.namespace, 'db-influx-admin');
    expect(now).toMatchObject({ id: before.id, password: old['password'], 'opened-by-version': '1.8.10' });
    expect(now['admin-password']).not.toBe(old['admin-password']);
    expect(engineOf(before).users.get('admin')?.password).toBe(now['admin-password']);
    await sameData(before);
  }, 120_000);

  test.concurrent('every copy of the password deleted: a new one, in the database before it is in any Secret of an app', async () => {
    const before = await settled('delete-all');
    const old = await secretData(bed, before.namespace, 'db-influx-admin');
    const paused = async (value: 'true' | null) => {
      const metadata = { annotations: { 'influxaddon.dev/paused': value } };
      await bed.client.patch(
        InfluxAddon,
        { namespace: before.namespace, name: 'db' },
        { metadata },
        { type: 'merge' },
      );
    };
    await paused('true'); // else the first is back before the last is gone
    await bed.until(
      before.namespace,
      'db',
      'paused',
      (addon) => condition(addon, 'Ready')?.reason === 'Paused',
    );
    for (const slot of SECRETS) await remove(before, slot);
    await paused(null);
    await eventually(
      'the Secrets',
      async () => Object.keys(await secretData(bed, before.namespace, 'db-influx')).length > 0,
      90_000,
    );
    const url = new URL((await secretData(bed, before.namespace, 'db-influx'))['INFLUX_URL'] ?? '');
    expect(url.username).toBe(before.id);
    expect(engineOf(before).users.get(before.id)?.password).toBe(url.password);
    await bed.ready(before.namespace, 'db');
    expect(url.password).toMatch(/^[\w-]{48}$/);
    expect((await secretData(bed, before.namespace, 'db-influx-admin'))['password']).toBe(url.password);
    expect(url.password).not.toBe(old['password']);
    await sameData(before);
  }, 150_000);
});

describe('an edited or deleted child comes back as it was', () => {
  test.concurrent.each<[string, object]>([
    ['selector', { spec: { selector: { app: 'other' } } }],
    ['selector replaced', { spec: { selector: { 'influxaddon.dev/addon': null } } }],
    ['ports', { spec: { ports: [{ name: 'http', port: 9999, targetPort: 'http' }] } }],
    [
      'a second port',
      {
        spec: {
          ports: [
            { name: 'http', port: 8086, targetPort: 'http' },
            { name: 'rpc', port: 8088 },
          ],
        },
      },
    ],
    ['type', { spec: { type: 'NodePort' } }],
    ['labels', { metadata: { labels: null } }],
  ])('Service: %s', async (what, body) => {
    const before = await settled(`service-${slug(what)}`);
    const since = Date.now();
    await patch(before, 'service', body);
    await healed(before);
    await untouched(before);
    expect((await writes(before.namespace, since)).length).toBeLessThanOrEqual(2);
  });

  test.concurrent.each<[string, object]>([
    ['open to all', { spec: { ingress: [{}] } }],
    ['closed to the namespace', { spec: { ingress: [] } }],
    ['another pod', { spec: { podSelector: { matchLabels: { app: 'other' } } } }],
    [
      'a narrower peer',
      { spec: { ingress: [{ from: [{ podSelector: { matchLabels: { app: 'other' } } }] }] } },
    ],
    ['labels', { metadata: { labels: null } }],
  ])('NetworkPolicy: %s', async (what, body) => {
    const before = await settled(`policy-${slug(what)}`);
    await patch(before, 'networkPolicy', body);
    await healed(before);
    await untouched(before);
  });

  test.concurrent('NetworkPolicy: only some pods of the namespace let in', async () => {
    const before = await settled('policy-narrow');
    const path = '/spec/ingress/0/from/0/podSelector';
    const value = { matchLabels: { app: 'other' } };
    await bed.client.patch(
      NetworkPolicy,
      { namespace: before.namespace, name: 'db-influx' },
      [{ op: 'replace', path, value }],
      { type: 'json' },
    );
    await healed(before);
    await untouched(before);
  });

  test.concurrent.each([
    ['service', Service],
    ['networkPolicy', NetworkPolicy],
  ] as const)('%s deleted', async (slot, kind) => {
    const before = await settled(`delete-${slot.toLowerCase()}`);
    const old = await bed.client.get<KubeObject>(kind, { namespace: before.namespace, name: 'db-influx' });
    await remove(before, slot);
    await eventually('a new one', async () => {
      const live = await bed.client.get<KubeObject>(kind, { namespace: before.namespace, name: 'db-influx' });
      return live !== undefined && live.metadata.uid !== old?.metadata.uid;
    });
    await healed(before);
    await untouched(before);
    await eventually('the event that tells of it', async () =>
      (await reasons(before.namespace)).includes('ChildRestored'),
    );
  });

  test.concurrent.each<[string, object]>([
    [
      'a variable added',
      {
        spec: {
          template: { spec: { containers: [{ name: 'influxdb', env: [{ name: 'ADDED', value: '1' }] }] } },
        },
      },
    ],
    [
      'another image',
      { spec: { template: { spec: { containers: [{ name: 'influxdb', image: 'influxdb:1.7.11' }] } } } },
    ],
    [
      'authentication off',
      {
        spec: {
          template: {
            spec: {
              containers: [
                { name: 'influxdb', env: [{ name: 'INFLUXDB_HTTP_AUTH_ENABLED', value: 'false' }] },
              ],
            },
          },
        },
      },
    ],
    ['a sidecar', { spec: { template: { spec: { containers: [{ name: 'beside', image: 'beside:1' }] } } } }],
    ['two replicas', { spec: { replicas: 2 } }],
    ['no replicas', { spec: { replicas: 0 } }],
    [
      'its annotations',
      {
        metadata: {
          annotations: { 'influxaddon.dev/rendered-template': '{}', 'influxaddon.dev/rendered-for': 'other' },
        },
      },
    ],
    ['labels', { metadata: { labels: null } }],
  ])('StatefulSet: %s', async (what, body) => {
    const before = await settled(`set-${slug(what)}`);
    const since = Date.now();
    const key = { namespace: before.namespace, name: 'db-influx' };
    await bed.client.patch(StatefulSet, key, body, { type: what === 'labels' ? 'merge' : 'strategic' });
    await healed(before);
    await eventually(
      'one ready pod again',
      async () => (await pods(before.namespace)).join() === 'db-influx-0',
    );
    await bed.ready(before.namespace, 'db');
    await sameData(before);
    await quiet(before.namespace);
    // The repair, the database away and back, and on a busy machine a sight of each in between: but no fight.
    expect((await writes(before.namespace, since)).length).toBeLessThanOrEqual(8);
  });

  test.concurrent.each(['Background', 'Foreground', 'Orphan'] as const)(
    'StatefulSet deleted (%s)',
    async (propagationPolicy) => {
      const before = await settled(`set-${propagationPolicy.toLowerCase()}`);
      const since = Date.now();
      const key = { namespace: before.namespace, name: 'db-influx' };
      const old = await bed.client.get(StatefulSet, key);
      await bed.client.delete(StatefulSet, key, { propagationPolicy });
      await eventually('a new one', async () => {
        const live = await bed.client.get(StatefulSet, key);
        return live !== undefined && live.metadata.uid !== old?.metadata.uid;
      });
      await healed(before);
      await eventually('the pod', async () => {
        const pod = await bed.client.get(Pod, { namespace: before.namespace, name: 'db-influx-0' });
        const ready = pod?.status?.conditions?.some(
          ({ type, status }) => type === 'Ready' && status === 'True',
        );
        return ready === true && pod?.metadata.deletionTimestamp === undefined;
      });
      await bed.ready(before.namespace, 'db');
      await sameData(before);
      if (propagationPolicy === 'Orphan') expect(await podUid(before.namespace)).toBe(before.podUid);
      await quiet(before.namespace);
      expect((await writes(before.namespace, since)).length).toBeLessThanOrEqual(8);
      expect(bed.kubelet.engine.violations).toEqual([]);
    },
  );

  test.concurrent('the labels and facts on the volume claim', async () => {
    const before = await settled('claim');
    await patch(before, 'claim', { metadata: { labels: null } });
    await healed(before);
    const annotations = {
      'influxaddon.dev/id': 'other_1234',
      'influxaddon.dev/opened-by-version': '1.6.7',
      'influxaddon.dev/plan-storage': null,
    };
    await patch(before, 'claim', { metadata: { annotations } });
    await healed(before);
    await untouched(before);
  });
});

describe('drift inside the database is repaired within a minute', () => {
  const sabotages: [string, (state: EngineState, id: string) => void, RegExp | undefined][] = [
    ['user dropped', ({ users }, id) => users.delete(id), /CreateUser/],
    ['grant revoked', ({ users }, id) => users.get(id)?.grants.clear(), /Grant/],
    [
      'user made an administrator',
      ({ users }, id) => Object.assign(users.get(id) ?? {}, { admin: true }),
      /RevokeAdmin/,
    ],
    [
      'password changed',
      ({ users }, id) => Object.assign(users.get(id) ?? {}, { password: 'stolen' }),
      /SetPassword/,
    ],
    [
      'default retention policy dropped',
      ({ databases }, id) => databases.get(id)?.policies.splice(0),
      /CreateRetentionPolicy/,
    ],
  ];
  test.concurrent.each(sabotages)('%s', async (what, sabotage, event) => {
    const before = await settled(`database-${slug(what)}`);
    const start = performance.now();
    sabotage(engineOf(before), before.id);
    await eventually(
      'an event about the repair',
      async () => (await notes(before.namespace, 'DatabaseRepaired')).some((note) => event?.test(note)),
      61_000,
    );
    expect(performance.now() - start).toBeLessThan(61_000);
    await eventually(
      'a database that takes a point',
      async () => await writePoint(bed, before.namespace, 'db', 'after'),
      5_000,
    );
    const state = engineOf(before);
    expect(state.users.get(before.id)).toMatchObject({ admin: false });
    expect([...(state.users.get(before.id)?.grants ?? [])]).toEqual([[before.id, 'ALL PRIVILEGES']]);
    if (!what.includes('retention')) await sameData(before);
    expect(await podUid(before.namespace)).toBe(before.podUid);
  });

  test.concurrent('database dropped: it is made again, empty, and an event says so', async () => {
    const before = await settled('database-dropped');
    engineOf(before).databases.delete(before.id);
    await eventually('the database', async () => engineOf(before).databases.has(before.id), 61_000);
    await eventually('the event', async () =>
      (await notes(before.namespace, 'DatabaseRepaired')).some((note) => /CreateDatabase/.test(note)),
    );
    await eventually(
      'a database that takes a point',
      async () => await writePoint(bed, before.namespace, 'db', 'after'),
      5_000,
    );
    expect(await podUid(before.namespace)).toBe(before.podUid);
  });

  test.concurrent('administrator dropped: the pod is restarted once, and that heals it', async () => {
    const before = await settled('administrator');
    const since = Date.now();
    engineOf(before).users.delete('admin');
    await eventually(
      'a new pod',
      async () => ![undefined, before.podUid].includes(await podUid(before.namespace)),
      61_000,
    );
    await bed.ready(before.namespace, 'db');
    expect(engineOf(before).users.get('admin')?.admin).toBe(true);
    await sameData(before);
    await quiet(before.namespace);
    expect((await writes(before.namespace, since)).filter((each) => each === 'delete pods')).toHaveLength(1);
    expect(await notes(before.namespace, 'AdministratorLost')).toHaveLength(1);
  });
});

async function settled(what: string): Promise<Before> {
  const namespace = await bed.namespace(what.toLowerCase());
  await bed.addon(namespace, 'db');
  const addon = await bed.ready(namespace, 'db');
  const children = await readChildren(bed, namespace, 'db');
  const id = addon.status?.id ?? '';
  const before = {
    namespace,
    id,
    essence: essenceOf(children),
    claimUid: children.claim?.metadata.uid ?? '',
    podUid: (await podUid(namespace)) ?? '',
  };
  expect(await writePoint(bed, namespace, 'db', 'before')).toBe(true);
  return before;
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
async function healed(before: Before): Promise<void> {
  let now: Essence = {};
  await eventually('the children to be as they were', async () => {
    const children = await readChildren(bed, before.namespace, 'db');
    expect(children.claim?.metadata.uid).toBe(before.claimUid);
    now = essenceOf(children);
    return isDeepStrictEqual(now, before.essence);
  }).catch((error: unknown) => {
    expect(now, String(error)).toEqual(before.essence);
    throw error;
  });
}

/** Healed without a restart of the database, and nothing goes on. */
async function untouched(before: Before): Promise<void> {
  expect(await podUid(before.namespace)).toBe(before.podUid);
  await sameData(before);
  await bed.ready(before.namespace, 'db');
  await quiet(before.namespace);
}

async function sameData(before: Before): Promise<void> {
  expect(await hasPoint(bed, before.namespace, 'db', 'before')).toBe(true);
  const claim = await bed.client.get(PersistentVolumeClaim, {
    namespace: before.namespace,
    name: 'db-influx-data',
  });
  expect(claim?.metadata.uid).toBe(before.claimUid);
  expect((await bed.get(before.namespace, 'db')).status?.id).toBe(before.id);
}

/** No fight: three seconds without a write of the operator's. */
async function quiet(namespace: string): Promise<void> {
  await delay(1_000);
  const since = Date.now();
  await delay(3_000);
  expect(await writes(namespace, since)).toEqual([]);
}

/** `verb resource` of the operator's writes to a namespace, events left out. */
async function writes(namespace: string, since: number): Promise<string[]> {
  const entries = await bed.plane.auditEntries({ user: OPERATOR_USER, since });
  return entries
    .filter(
      (entry) =>
        entry.namespace === namespace &&
        !['get', 'list', 'watch'].includes(entry.verb) &&
        entry.resource !== 'events',
    )
    .map(
      ({ verb, resource, subresource }) =>
        `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`,
    );
}

async function patch(before: Before, slot: Slot, body: object): Promise<void> {
  const { kind, name } = childOf('db', slot);
  await bed.client.patch(kind, { namespace: before.namespace, name }, body, { type: 'merge' });
}

async function remove(before: Before, slot: Slot): Promise<void> {
  const { kind, name } = childOf('db', slot);
  await bed.client.delete(kind, { namespace: before.namespace, name });
}

async function podUid(namespace: string): Promise<string | undefined> {
  return (await bed.client.get(Pod, { namespace, name: 'db-influx-0' }))?.metadata.uid;
}

async function pods(namespace: string): Promise<string[]> {
  const { items } = await bed.client.list(Pod, { namespace });
  return items.map(({ metadata }) => metadata.name).toSorted();
}

async function events(namespace: string): Promise<Live<Event>[]> {
  return (await bed.client.list(Event, { namespace })).items;
}

async function reasons(namespace: string): Promise<string[]> {
  return (await events(namespace)).map(({ reason }) => reason ?? '');
}

async function notes(namespace: string, reason: string): Promise<string[]> {
  return (await events(namespace)).filter((event) => event.reason === reason).map(({ note }) => note ?? '');
}

function engineOf(before: Before): EngineState {
  return bed.kubelet.engine.state(before.claimUid);
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}
