import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NODE_FLAGS, RUNTIME_ENV } from '../../build/runtime.ts';
import { CHILDREN } from '../../src/addon/children/index.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import type { KubeClient } from '../../src/kube/api/client.ts';
import * as kinds from '../../src/kube/objects/kinds.ts';
import type { ControlPlane } from '../cluster/control-plane.ts';
import { OPERATOR_NAMESPACE, OPERATOR_USER } from '../integration/operator-bed.ts';
import { asInCluster } from './in-cluster.ts';
import { MeasuredProcess } from './process.ts';

export interface Figures {
  /** Addons. */
  readonly size: number;
  /** From the first creation until all are Ready, seconds. */
  readonly seconds: number;
  /** Addons per second over all, and over the last tenth. */
  readonly rate: number;
  readonly lastTenthRate: number;
  /** From an addon's creation until it is Ready, milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the operator, per addon. */
  readonly cpuMs: number;
  /** Of the operator: after the quiet time, and at its highest. */
  readonly rssBytes: number;
  readonly peakRssBytes: number;
  readonly writesPerAddon: number;
  readonly eventsPerAddon: number;
  /** Requests in the quiet time after, watches and the Lease aside. */
  readonly quietWrites: number;
  readonly quietReads: number;
  /** From an edit after the quiet time until status tells of it, milliseconds. */
  readonly reactionMs: number;
}

const QUIET_MS = 20_000;
const CONCURRENCY = 32;

/** Creates `size` addons at once and measures until all are Ready, then how quiet it is. */
export async function measureOperator(
  plane: ControlPlane,
  client: KubeClient,
  bundle: string,
  size: number,
): Promise<Figures> {
  const kubeconfig = await plane.userKubeconfig(OPERATOR_USER);
  const flags = [
    `--pod-namespace=${OPERATOR_NAMESPACE}`,
    '--pod-name=bench',
    '--log-level=error',
    '--health-port=0',
    '--metrics-port=0',
    '--webhook-port=0',
  ];
  const main = [process.execPath, ...NODE_FLAGS, join(bundle, 'main.js'), 'operator', ...flags];
  const started = await asInCluster(kubeconfig, OPERATOR_NAMESPACE, main);
  await using operator = new MeasuredProcess(started.command, { ...RUNTIME_ENV, ...started.env });
  const namespace = `bench-${size}`;
  await client.create(kinds.Namespace, { metadata: { name: namespace } });
  await warmUp(client);
  const cpuBefore = operator.cpuMs;
  const since = Date.now();
  const created = new Map<string, number>();
  const readyAt = watchReady(client, namespace, size);
  await inParallel(size, async (index) => {
    const name = `db-${index}`;
    created.set(name, Date.now());
    await client.create(InfluxAddon, { metadata: { namespace, name }, spec: { plan: '512m' } });
  });
  const ready = await readyAt;
  const cpuMs = (operator.cpuMs - cpuBefore) / size;
  const end = Math.max(...ready.values());
  const times = [...ready.values()].toSorted((a, b) => a - b);
  const tenth = times.slice(-Math.max(2, Math.floor(size / 10)));
  const latencies = [...ready]
    .map(([name, at]) => at - (created.get(name) ?? since))
    .toSorted((a, b) => a - b);
  await delay(2_000);
  const counts = await plane.auditCounts(OPERATOR_USER, since);
  await delay(3_000);
  const quietSince = Date.now();
  await delay(QUIET_MS);
  const quiet = await plane.auditCounts(OPERATOR_USER, quietSince);
  const watches = Object.entries(quiet.by).reduce(
    (sum, [what, count]) => sum + (what.startsWith('watch ') ? count : 0),
    0,
  );
  const reactionMs = await measureReaction(client, namespace, `db-${size - 1}`);
  return {
    size,
    seconds: (end - since) / 1000,
    rate: size / ((end - since) / 1000),
    lastTenthRate:
      size === 1
        ? Number.NaN
        : (tenth.length - 1) / (((tenth.at(-1) ?? 0) - (tenth[0] ?? 0)) / 1000 || Number.NaN),
    p50Ms: latencies[Math.floor(latencies.length / 2)] ?? Number.NaN,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
    cpuMs,
    rssBytes: operator.memory.now,
    peakRssBytes: operator.memory.peak,
    writesPerAddon: counts.writes / size,
    eventsPerAddon: counts.events / size,
    quietWrites: quiet.writes,
    quietReads: quiet.reads - watches,
    reactionMs,
  };
}

/** Stops an addon, and measures until its status says that this is under way or done. */
async function measureReaction(client: KubeClient, namespace: string, name: string): Promise<number> {
  const key = { namespace, name };
  const started = performance.now();
  await client.patch(InfluxAddon, key, { spec: { state: 'Stopped' } }, { type: 'merge' });
  for (;;) {
    const { status } = (await client.get(InfluxAddon, key)) ?? {};
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    const tookMs = performance.now() - started;
    if (ready?.reason?.startsWith('Stop') === true) return tookMs;
    if (tookMs > 60_000) throw new Error(`an edit of ${namespace}/${name} was not acted on in a minute`);
    await delay(5);
  }
}

/** The floor: the same objects, written as fast as a bare client can; nobody thinks and nobody waits. */
export async function measureDumbWriter(client: KubeClient, size: number): Promise<number> {
  const namespace = `dumb-${size}`;
  await client.create(kinds.Namespace, { metadata: { name: namespace } });
  const templates = await Promise.all(
    CHILDREN.map(async ({ kind }) => {
      const { items } = await client.list(kind, {
        namespace: `bench-${size}`,
        labelSelector: 'influxaddon.dev/addon=db-0',
      });
      return items.map((item) => ({ kind, item: bare(item) }));
    }),
  );
  const objects = templates.flat();
  // Three of the children are Secrets: each list found them all.
  const unique = [
    ...new Map(objects.map((each) => [`${each.kind.kind}/${each.item.metadata.name}`, each])).values(),
  ];
  const started = performance.now();
  await inParallel(size, async (index) => {
    for (const { kind, item } of unique) {
      const name = item.metadata.name.replace('db-0', `db-${index}`);
      await client.create(kind, { ...item, metadata: { ...item.metadata, namespace, name } });
    }
  });
  return size / ((performance.now() - started) / 1000);
}

function bare(item: { metadata: { name: string; labels?: Record<string, string> } }): {
  metadata: { name: string; labels: Record<string, string> };
  [field: string]: unknown;
} {
  const { metadata, status: _status, ...rest } = item as typeof item & { status?: unknown };
  const spec = (rest as { spec?: Record<string, unknown> }).spec;
  const { clusterIP: _ip, clusterIPs: _ips, volumeName: _volume, ...kept } = spec ?? {};
  // No pods: the floor is the writing of the objects.
  const replicas = kept['template'] === undefined ? {} : { replicas: 0 };
  return {
    ...rest,
    ...(spec === undefined ? {} : { spec: { ...kept, ...replicas } }),
    metadata: { name: metadata.name, labels: { bench: 'dumb' } },
  };
}

/** The first addon pays for what is loaded and compiled once. */
async function warmUp(client: KubeClient): Promise<void> {
  const namespace = 'warm-up';
  await client.create(kinds.Namespace, { metadata: { name: namespace } });
  await client.create(InfluxAddon, { metadata: { namespace, name: 'db' }, spec: { plan: '512m' } });
  await watchReady(client, namespace, 1);
  await delay(1_000);
}

/** When each addon was first seen Ready, by a list every few milliseconds (0.1 s for many). */
async function watchReady(client: KubeClient, namespace: string, size: number): Promise<Map<string, number>> {
  const ready = new Map<string, number>();
  const deadline = Date.now() + 60_000 + size * 200;
  for (;;) {
    const { items } = await client.list(InfluxAddon, { namespace });
    for (const { metadata, status } of items) {
      const condition = status?.conditions?.find(({ type }) => type === 'Ready');
      if (condition?.status === 'True' && !ready.has(metadata.name)) ready.set(metadata.name, Date.now());
    }
    if (ready.size >= size) return ready;
    if (Date.now() > deadline) throw new Error(`${ready.size} of ${size} addons were ready in time`);
    await delay(size > 10 ? 100 : 10);
  }
}

async function inParallel(count: number, run: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await run(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, count) }, worker));
}
