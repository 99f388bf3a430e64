import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { ApiError } from '../../src/kube/api/api-error.ts';
import { PersistentVolumeClaim, Pod, StatefulSet } from '../../src/kube/objects/kinds.ts';
import type { ApiRequest, Transport } from '../../src/kube/api/transport.ts';
import { pick } from '../size.ts';
import { eventually } from './children.ts';
import { queryThroughUrl } from './database.ts';
import { isReady, type OperatorBed } from './operator-bed.ts';
import { withOperatorBed } from './with-bed.ts';

const NAME = 'my-app';
const COUNT = pick(6, 12);

let bed: OperatorBed;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);

interface Faults {
  /** Requests that the operator sent, by when they were sent. */
  readonly sent: { readonly path: string; readonly at: number }[];
  readonly wrap: (inner: Transport) => Transport;
}

/** Refuses every n-th request, or lets it wait, before it reaches the server. */
function every(nth: number, fault: (request: ApiRequest) => Promise<void>): Faults {
  const sent: { path: string; at: number }[] = [];
  const wrap = (inner: Transport): Transport => ({
    request: async (request) => {
      sent.push({ path: request.path, at: performance.now() });
      if (sent.length % nth === 0) await fault(request);
      return await inner.request(request);
    },
    watch: (request) => inner.watch(request),
    close: async () => await inner.close(),
  });
  return { sent, wrap };
}

async function provision(namespace: string, faults: Faults): Promise<void> {
  await bed.namespace(namespace);
  const operator = await bed.startOperator({ only: namespace, wrap: faults.wrap });
  const names = Array.from({ length: COUNT }, (_, n) => `db-${n}`);
  for (const name of names) await bed.addon(namespace, name);
  for (const name of names) await bed.ready(namespace, name);
  await operator.stop();
}

const podUid = async (namespace: string) =>
  (await bed.client.get(Pod, { namespace, name: `${NAME}-influx-0` }))?.metadata.uid;

const edit = async (namespace: string, spec: object) =>
  await bed.client.patch(InfluxAddon, { namespace, name: NAME }, { spec }, { type: 'merge' });

const onPlan = async (namespace: string, plan: string) =>
  await bed.until(namespace, NAME, `on ${plan}`, (addon) => isReady(addon) && addon.status?.plan === plan);

describe.concurrent('under trouble with the API server', () => {
  test('a third of all requests refused with 429: all are ready, at no more than twice the requests', async () => {
    const undisturbed = every(Number.POSITIVE_INFINITY, async () => {});
    const throttled = every(3, async () => {
      await Promise.resolve();
      throw new ApiError({ code: 429, reason: 'TooManyRequests', message: 'slow down', retryAfterMs: 1_000 });
    });
    await Promise.all([provision('undisturbed', undisturbed), provision('throttled', throttled)]);
    expect(throttled.sent.length).toBeLessThanOrEqual(2 * undisturbed.sent.length);
  });

  test('a fifth of all requests failing, and one slow: all are ready, and nothing is made twice', async () => {
    const faults = every(5, async ({ method }) => {
      if (method === 'GET') await delay(300);
      throw new ApiError({ code: 500, reason: 'InternalError', message: 'broken' });
    });
    await provision('failing', faults);
    const { items } = await bed.client.list(StatefulSet, { namespace: 'failing' });
    expect(items).toHaveLength(COUNT);
  });

  test('a rival that writes to the addon and its StatefulSet all the time: an edit is followed, and its fields stay', async () => {
    const namespace = await bed.namespace('rival');
    await bed.startOperator({ only: namespace });
    await bed.addon(namespace, NAME);
    await bed.ready(namespace, NAME);
    const set = { namespace, name: `${NAME}-influx` };
    const stop = new AbortController();
    const rival = (async () => {
      for (let n = 0; !stop.signal.aborted; n += 1) {
        const body = { metadata: { annotations: { 'rival.example/n': String(n) } } };
        await bed.client.patch(InfluxAddon, { namespace, name: NAME }, body, { type: 'merge' });
        await bed.client.patch(StatefulSet, set, body, { type: 'merge' });
        await delay(50);
      }
    })();
    // Told below, after the edit was followed or was not.
    rival.catch(() => undefined);
    try {
      await edit(namespace, { plan: '1g' });
      const done = await onPlan(namespace, '1g');
      expect(done.metadata.annotations?.['rival.example/n']).toBeDefined();
    } finally {
      stop.abort();
    }
    await rival;
    const { metadata } = (await bed.client.get(StatefulSet, set)) ?? {};
    expect(metadata?.annotations?.['rival.example/n']).toBeDefined();
  });
});

describe.concurrent('a pod that is killed again and again', () => {
  test.for(['provisioned', 'upgraded'] as const)(
    'while its database is %s: it ends as it would have, with one database and the same volume',
    async (phase) => {
      const namespace = await bed.namespace(`killed-${phase}`);
      await bed.startOperator({ only: namespace });
      await bed.addon(namespace, NAME, { version: '1.7' });
      if (phase === 'upgraded') {
        await bed.ready(namespace, NAME);
        await edit(namespace, { version: '1.8.10' });
      }
      let killed: string | undefined;
      for (let times = 0; times < 3; times += 1)
        killed = await eventually('another pod to be killed', async () => {
          const pod = `${NAME}-influx-0`;
          // The kubelet may not have heard of the next one yet.
          const uid = bed.kubelet.hasPod(namespace, pod) ? await bed.kubelet.killPod(namespace, pod) : killed;
          return uid === killed ? undefined : uid;
        });
      const version = phase === 'upgraded' ? '1.8.10' : '1.7.11';
      await bed.until(
        namespace,
        NAME,
        `on ${version}`,
        (addon) => isReady(addon) && addon.status?.version === version,
      );
      expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW DATABASES')).status).toBe(200);
      const { items } = await bed.client.list(PersistentVolumeClaim, { namespace });
      expect(items).toHaveLength(1);
    },
  );
});

// Last, and alone: it takes the API server away from everybody.
test('an API server that is away: the database goes on, few requests are tried, and an edit is followed after', async () => {
  await bed.stopOperators();
  const namespace = await bed.namespace('away');
  const faults = every(Number.POSITIVE_INFINITY, async () => {});
  await bed.startOperator({ only: namespace, wrap: faults.wrap });
  await bed.addon(namespace, NAME);
  await bed.ready(namespace, NAME);
  const pod = await podUid(namespace);
  const before = faults.sent.length;
  const downMs = pick(5_000, 15_000);
  const start = performance.now();
  await bed.plane.restartApiserver({ downMs });
  const meanwhile = faults.sent.slice(before).filter(({ at }) => at < start + downMs);
  // Lists of the watched kinds with growing waits, and the one key that was under way.
  expect(meanwhile.length).toBeLessThanOrEqual(16 * pick(6, 8));
  expect(await podUid(namespace)).toBe(pod);
  expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW DATABASES')).status).toBe(200);
  await edit(namespace, { plan: '1g' });
  await onPlan(namespace, '1g');
});
