import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ApiError } from '../../src/kube/api/api-error.ts';
import { KubeClient } from '../../src/kube/api/client.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { loadKubeconfig } from '../../src/kube/api/credentials.ts';
import { EventRecorder } from '../../src/kube/event-recorder.ts';
import type { RequestDone } from '../../src/kube/api/http-transport.ts';
import { HttpTransport } from '../../src/kube/api/http-transport.ts';
import {
  ConfigMap,
  Event,
  Lease,
  Namespace,
  Secret,
  Service,
  StatefulSet,
} from '../../src/kube/objects/kinds.ts';
import { LeaderElection } from '../../src/kube/lease/leader-election.ts';
import { Reflector } from '../../src/kube/store/reflector.ts';
import { Store } from '../../src/kube/store/store.ts';
import type { ControlPlane } from '../cluster/control-plane.ts';
import { startControlPlane } from '../cluster/control-plane.ts';
import { eventually } from './children.ts';

let plane: ControlPlane;
let transport: HttpTransport;
let client: KubeClient;
let requests: RequestDone[] = [];

beforeAll(async () => {
  plane = await startControlPlane();
  transport = new HttpTransport({
    credentials: await loadKubeconfig(plane.kubeconfig),
    userAgent: 'kube-runtime-test',
    onRequest: (done) => requests.push(done),
  });
  client = new KubeClient(transport, { fieldManager: 'test' });
});

afterAll(async () => {
  await transport?.close();
  await plane?.stop();
});

test('1,200 ConfigMaps are listed in pages of 500 and then watched', async () => {
  const namespace = await newNamespace('paging');
  const names = Array.from({ length: 1200 }, (_, index) => `map-${index}`);
  await each(names, 16, (name) => client.create(ConfigMap, map(namespace, name)));
  requests = [];
  await using watched = await reflect({ namespace, labelSelector: 'test=yes' });
  expect(watched.store.size).toBe(1200);
  expect(requests.filter(({ method }) => method === 'GET')).toHaveLength(3);
  expect(watched.store.get(`${namespace}/map-7`)).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
  expect(watched.store.get(`${namespace}/map-7`)?.metadata.managedFields).toBeUndefined();

  await client.delete(ConfigMap, { namespace, name: 'map-7' });
  const changed = await client.patch(
    ConfigMap,
    { namespace, name: 'map-8' },
    { data: { a: 'b' } },
    { type: 'merge' },
  );
  await until(
    'both changes to be seen',
    () => watched.store.size === 1199 && watched.store.get(`${namespace}/map-8`)?.data?.['a'] === 'b',
  );
  // The watch has passed our write by now: its late answer changes nothing.
  watched.store.recordWrite(changed);
  expect(requests.filter(({ method }) => method === 'WATCH')).toHaveLength(1);
  expect(requests.filter(({ method }) => method === 'GET')).toHaveLength(3);
});

test('an object is in the store as soon as its creation is answered, and a deleted one never returns', async () => {
  const namespace = await newNamespace('own-writes');
  await using watched = await reflect({ namespace });
  let ghosts = 0;
  const gone = new Set<string>();
  watched.store.onChange(({ after }) => {
    if (after && gone.has(after.metadata.uid)) ghosts++;
  });
  await each(
    Array.from({ length: 200 }, (_, index) => `own-${index}`),
    8,
    async (name) => {
      const made = await client.create(ConfigMap, map(namespace, name));
      watched.store.recordWrite(made);
      expect(watched.store.get(`${namespace}/${name}`)?.metadata.uid).toBe(made.metadata.uid);
      await client.delete(ConfigMap, { namespace, name }, { uid: made.metadata.uid });
      watched.store.recordDelete(`${namespace}/${name}`, made.metadata.uid);
      gone.add(made.metadata.uid);
      expect(watched.store.get(`${namespace}/${name}`)).toBeUndefined();
    },
  );
  await client.create(ConfigMap, map(namespace, 'last'));
  await until('the last one', () => watched.store.get(`${namespace}/last`) !== undefined);
  const names = Array.from(watched.store.list(), ({ metadata }) => metadata.name);
  expect(names.filter((name) => name.startsWith('own-'))).toEqual([]);
  expect(ghosts).toBe(0);
});

test('the store is right again after the API server was killed and started anew', async () => {
  const namespace = await newNamespace('restart');
  await client.create(ConfigMap, map(namespace, 'goes'));
  await using watched = await reflect({ namespace, labelSelector: 'test=yes' });
  await plane.restartApiserver({ downMs: 500 });
  await retried(() => client.delete(ConfigMap, { namespace, name: 'goes' }));
  await retried(() => client.create(ConfigMap, map(namespace, 'comes')));
  await until('the store to be right again', () => namesOf(watched.store).join() === 'comes');
  const listed = requests.length;
  await client.create(ConfigMap, map(namespace, 'later'));
  await until('the later one', () => watched.store.size === 2);
  expect(requests.slice(listed).filter(({ method }) => method === 'GET')).toEqual([]);
});

test('a name that is taken is AlreadyExists, a stale write is a Conflict', async () => {
  const namespace = await newNamespace('conflicts');
  const made = await client.create(ConfigMap, map(namespace, 'a'));
  await expect(client.create(ConfigMap, map(namespace, 'a'))).rejects.toMatchObject({
    isAlreadyExists: true,
  });
  await client.patch(ConfigMap, { namespace, name: 'a' }, { data: { a: '1' } }, { type: 'merge' });
  const stale = { ...made, data: { a: '2' } };
  delete stale.metadata.managedFields;
  await expect(client.replace(ConfigMap, stale)).rejects.toMatchObject({ code: 409, isConflict: true });
  await expect(
    client.apply(ConfigMap, {
      ...map(namespace, 'a'),
      metadata: { namespace, name: 'a', resourceVersion: made.metadata.resourceVersion },
    }),
  ).rejects.toMatchObject({ code: 409, isConflict: true });
});

test('apply with a uid changes that object only: none is made, no other is touched', async () => {
  const namespace = await newNamespace('uids');
  const intent = (uid: string): ConfigMap => ({ metadata: { namespace, name: 'a', uid }, data: { a: 'b' } });
  const gone = await client.create(ConfigMap, map(namespace, 'a'));
  await client.delete(ConfigMap, { namespace, name: 'a' }, { uid: gone.metadata.uid });
  const missing = await refused(client.apply(ConfigMap, intent(gone.metadata.uid)));
  expect(missing.code).toBe(409);
  expect(await client.get(ConfigMap, { namespace, name: 'a' })).toBeUndefined();

  const next = await client.create(ConfigMap, map(namespace, 'a'));
  const other = await refused(client.apply(ConfigMap, intent(gone.metadata.uid)));
  expect([409, 422]).toContain(other.code);
  expect((await client.get(ConfigMap, { namespace, name: 'a' }))?.data).toBeUndefined();
  expect((await client.apply(ConfigMap, intent(next.metadata.uid))).data).toEqual({ a: 'b' });
});

test('a deletion spares an object that took the name, and one that changed', async () => {
  const namespace = await newNamespace('deletes');
  const first = await client.create(ConfigMap, map(namespace, 'a'));
  await client.delete(ConfigMap, { namespace, name: 'a' }, { uid: first.metadata.uid });
  const second = await client.create(ConfigMap, map(namespace, 'a'));
  await client.delete(ConfigMap, { namespace, name: 'a' }, { uid: first.metadata.uid });
  expect((await client.get(ConfigMap, { namespace, name: 'a' }))?.metadata.uid).toBe(second.metadata.uid);
  const { uid, resourceVersion } = second.metadata;
  await client.patch(ConfigMap, { namespace, name: 'a' }, { data: { a: '1' } }, { type: 'merge' });
  const stale = client.delete(ConfigMap, { namespace, name: 'a' }, { uid, resourceVersion });
  await expect(stale).rejects.toMatchObject({ isConflict: true });
  await client.delete(ConfigMap, { namespace, name: 'a' }, { uid });
  await client.delete(ConfigMap, { namespace, name: 'a' });
  expect(await client.get(ConfigMap, { namespace, name: 'a' })).toBeUndefined();
});

test('a field that the server does not know is refused, and named', async () => {
  const namespace = await newNamespace('strict');
  const service = { metadata: { namespace, name: 'a' }, spec: { ports: [{ port: 1 }], colour: 'red' } };
  const error = await refused(client.create(Service, service));
  expect(error).toMatchObject({ code: 400, isInvalid: true });
  expect(error.message).toContain('spec.colour');
});

test('a namespace that is going away says so', async () => {
  const namespace = await newNamespace('ending');
  const held = map(namespace, 'held');
  await client.create(ConfigMap, {
    ...held,
    metadata: { ...held.metadata, finalizers: ['example.com/hold'] },
  });
  await client.delete(Namespace, { name: namespace });
  const error = await refused(client.create(ConfigMap, map(namespace, 'a')));
  expect(error).toMatchObject({ code: 403, isNamespaceTerminating: true });
  await client.patch(
    ConfigMap,
    { namespace, name: 'held' },
    { metadata: { finalizers: null } },
    { type: 'merge' },
  );
});

test('what the server says about a refused Secret does not come through', async () => {
  const namespace = await newNamespace('secrets');
  const canary = 'hunter2-canary';
  const refusals = [
    client.create(Secret, {
      metadata: { namespace, name: 'a' },
      type: 'kubernetes.io/tls',
      data: { [canary]: 'eA==' },
    }),
    client.create(Secret, { metadata: { namespace, name: 'a' }, data: { url: canary } }),
    client.create(Secret, { metadata: { namespace, name: 'a', labels: { a: `${canary} ${canary}` } } }),
  ];
  // All are awaited from the start: one that is refused before its turn would be nobody's rejection.
  for (const error of await Promise.all(refusals.map(refused))) {
    expect(error.code).toBeGreaterThanOrEqual(400);
    const { cause: _, ...shown } = error;
    expect(JSON.stringify([error.message, error.stack, shown])).not.toContain(canary);
  }
});

test('the status of a StatefulSet is a subresource', async () => {
  const namespace = await newNamespace('status');
  const labels = { app: 'a' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'a' }] } };
  const spec = { replicas: 0, serviceName: 'a', selector: { matchLabels: labels }, template };
  await client.create(StatefulSet, { metadata: { namespace, name: 'a' }, spec });
  const patched = await client.patch(
    StatefulSet,
    { namespace, name: 'a' },
    { status: { collisionCount: 7 } },
    { type: 'merge', subresource: 'status' },
  );
  expect(patched.status?.collisionCount).toBe(7);
});

test('a Lease is taken, renewed, refused to others, taken again by its own identity, and released', async () => {
  const namespace = await newNamespace('lease');
  const key = { namespace, name: 'operator' };
  await using a = lead(namespace, 'a');
  await until('a to lead', () => a.leads);
  await using b = lead(namespace, 'b');
  const first = await client.get(Lease, key);
  expect(first?.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15 });
  expect(first?.spec?.renewTime).toMatch(/\.\d{6}Z$/);
  await until(
    'a renewal',
    async () => (await client.get(Lease, key))?.metadata.resourceVersion !== first?.metadata.resourceVersion,
  );
  expect(b.leads).toBe(false);
  await a.end();
  await until('b to lead', () => b.leads);
  expect((await client.get(Lease, key))?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  await using again = lead(namespace, 'b');
  await until('b to lead again', () => again.leads);
  await Promise.all([b.end(), again.end()]);
  expect((await client.get(Lease, key))?.spec?.holderIdentity).toBeUndefined();
});

test('Events are accepted, and what repeats is a series', async () => {
  const namespace = await newNamespace('events');
  const about = await client.create(ConfigMap, map(namespace, 'a'));
  const recorder = new EventRecorder({
    client,
    reportingController: 'influxaddon.dev/operator',
    reportingInstance: 'operator-0',
  });
  for (let round = 0; round < 3; round++) {
    recorder.event(about, { type: 'Warning', reason: 'Blocked', action: 'CheckPlan', note: 'no such plan' });
    await recorder.flush();
  }
  const { items } = await client.list(Event, { namespace, fieldSelector: 'reason=Blocked' });
  expect(items).toHaveLength(1);
  expect(items[0]).toMatchObject({ note: 'no such plan', series: { count: 3 }, regarding: { name: 'a' } });
});

test('two hundred watches leave requests their connections', async () => {
  const namespace = await newNamespace('watches');
  await using watches = new AsyncDisposableStack();
  const stores = await Promise.all(
    Array.from({ length: 200 }, async () => watches.use(await reflect({ namespace })).store),
  );
  await client.create(ConfigMap, map(namespace, 'a'));
  await until('all of them to see it', () =>
    stores.every((store) => store.get(`${namespace}/a`) !== undefined),
  );
});

interface Watched extends AsyncDisposable {
  store: Store<ConfigMap>;
}

async function reflect(options: { namespace: string; labelSelector?: string }): Promise<Watched> {
  const store = new Store<ConfigMap>();
  const stop = new AbortController();
  const run = new Reflector({ client, kind: ConfigMap, store, ...options }).run(stop.signal);
  await store.synced;
  return {
    store,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await run;
    },
  };
}

interface Candidate extends AsyncDisposable {
  readonly leads: boolean;
  end(): Promise<void>;
}

/** Stands for election. The lease outlasts a machine that stalls: whoever ends releases it, so nobody waits for it. */
function lead(namespace: string, identity: string): Candidate {
  const stop = new AbortController();
  const times = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 300 };
  const election = new LeaderElection({ client, namespace, name: 'operator', identity, ...times });
  let leads = false;
  const run = election.run(stop.signal, async (signal) => {
    leads = true;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    leads = false;
  });
  const end = async (): Promise<void> => {
    stop.abort();
    await run;
  };
  return {
    get leads() {
      return leads;
    },
    end,
    [Symbol.asyncDispose]: end,
  };
}

const started = Date.now().toString(36);

async function newNamespace(purpose: string): Promise<string> {
  const name = `${purpose}-${started}`;
  await client.create(Namespace, { metadata: { name } });
  return name;
}

function map(namespace: string, name: string): ConfigMap {
  return { metadata: { namespace, name, labels: { test: 'yes' } } };
}

function namesOf(store: Store<ConfigMap>): string[] {
  return Array.from(store.list(), ({ metadata }) => metadata.name);
}

async function refused(asked: Promise<unknown>): Promise<ApiError> {
  return asked.then(
    () => Promise.reject(new Error('this should have been refused')),
    (error: unknown) => error as ApiError,
  );
}

async function retried<R>(ask: () => Promise<R>): Promise<R> {
  for (;;)
    try {
      return await ask();
    } catch (error) {
      if (!(error as ApiError).isTransient) throw error;
      await new Promise((resolve) => systemClock.after(100, () => resolve(undefined)));
    }
}

async function each<V>(values: V[], width: number, work: (value: V) => Promise<unknown>): Promise<void> {
  const left = values[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const value of left) await work(value);
    }),
  );
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  await eventually(what, async () => await condition());
}
