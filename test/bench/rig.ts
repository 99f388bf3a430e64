import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient } from '../../src/kube/api/client.ts';
import * as kinds from '../../src/kube/objects/kinds.ts';
import type { KubeObject } from '../../src/kube/objects/types.ts';
import type { ControlPlane } from '../cluster/control-plane.ts';
import { OPERATOR_NAMESPACE, OPERATOR_USER, prepareControlPlane } from '../integration/operator-bed.ts';
import type { Arm } from './arms.ts';
import { writeDumbly } from './dumb-writer.ts';
import { conditionOf, Follower } from './follow.ts';
import { asInCluster } from './in-cluster.ts';
import { inParallel } from './parallel.ts';
import { RigProcess } from './process.ts';
import { peakRssOf, rssOf, Sampler, type Sample } from './samples.ts';

export interface RigOptions {
  /** How many objects are created at once. */
  readonly size: number;
  /** Whether etcd waits for the disk. */
  readonly fsync: boolean;
  /** Whether there is a (fake) node on which pods get ready; otherwise all ends with the StatefulSets. */
  readonly node: boolean;
  readonly quietMs: number;
}

/** Times from the creation of the first, seconds; latencies from that of each, milliseconds. */
export interface Reached {
  readonly seconds: number;
  readonly rate: number;
  readonly lastTenthRate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Seconds since the first creation, in order. */
  readonly at: readonly number[];
}

export interface Figures {
  readonly arm: string;
  readonly size: number;
  /** All StatefulSets are there; all objects are ready (undefined without a node). */
  readonly sets: Reached;
  readonly ready: Reached | undefined;
  /** Milliseconds for each object until the last figure above, by process of the rig. */
  readonly cpuMs: Readonly<Record<string, number>>;
  /** Of the operator: after the quiet time, and at its highest. */
  readonly rssBytes: number;
  readonly peakRssBytes: number;
  readonly samples: readonly Sample[];
  /** By `verb resource`, from the audit log, until all is reached and two seconds more. */
  readonly requests: Readonly<Record<string, number>>;
  readonly writesPerObject: number;
  readonly eventsPerObject: number;
  /** In the quiet time after, watches and the Lease aside. */
  readonly quietWrites: number;
  readonly quietReads: number;
  /** Of one core, percent, in the quiet time. */
  readonly quietCpu: number;
}

const OPERATOR = 'operator';

/** Creates many objects at once for one operator on a control plane of its own, and measures what comes of it. */
export async function measure(arm: Arm, options: RigOptions): Promise<Figures> {
  await using rig = await Rig.start(arm, options);
  return await rig.burst();
}

/** The floor: the same objects, written as fast as a bare client can. Objects per second. */
export async function measureDumbWriter(arm: Arm, options: RigOptions): Promise<number> {
  const { fsync, size } = options;
  const { plane, client, close } = await prepareControlPlane({ fsync });
  try {
    const namespace = 'dumb-template';
    {
      // Ended before anything is measured.
      await using _operator = await startOperator(arm, plane);
      await makeOne(client, arm, namespace);
    }
    return await writeDumbly(client, namespace, size);
  } finally {
    await close();
  }
}

/** A template: all that is made of one object, up to its StatefulSet. */
async function makeOne(client: KubeClient, arm: Arm, namespace: string): Promise<void> {
  await client.create(kinds.Namespace, { metadata: { name: namespace } });
  await using follower = new Follower(client, namespace, arm);
  await client.create(arm.kind, objectOf(arm, namespace, 'db'));
  await follower.until(
    () => 'the first object had no StatefulSet',
    60_000,
    () => follower.set.size === 1,
  );
}

class Rig implements AsyncDisposable {
  readonly #arm: Arm;
  readonly #options: RigOptions;
  readonly #bed: Awaited<ReturnType<typeof prepareControlPlane>>;
  readonly #ends: AsyncDisposableStack;
  readonly #pids: ReadonlyMap<string, number>;

  private constructor(
    arm: Arm,
    options: RigOptions,
    parts: {
      bed: Awaited<ReturnType<typeof prepareControlPlane>>;
      ends: AsyncDisposableStack;
      pids: ReadonlyMap<string, number>;
    },
  ) {
    this.#arm = arm;
    this.#options = options;
    this.#bed = parts.bed;
    this.#ends = parts.ends;
    this.#pids = parts.pids;
  }

  static async start(arm: Arm, options: RigOptions): Promise<Rig> {
    await using ends = new AsyncDisposableStack();
    const bed = await prepareControlPlane({
      fsync: options.fsync,
      users: arm.user === OPERATOR_USER ? [] : [arm.user],
    });
    ends.defer(() => bed.close());
    for (const manifest of arm.manifests) await apply(bed.client, manifest);
    const pids = new Map(bed.plane.pids);
    if (options.node) {
      const cli = join(import.meta.dirname, '../cluster/fakes/cli.ts');
      const node = ends.use(new RigProcess([process.execPath, cli, '--kubeconfig', bed.plane.kubeconfig]));
      pids.set('fake node', node.pid);
    }
    const operator = ends.use(await startOperator(arm, bed.plane));
    pids.set(OPERATOR, operator.pid).set('bench', process.pid);
    return new Rig(arm, options, { bed, ends: ends.move(), pids });
  }

  async burst(): Promise<Figures> {
    const { size, node, quietMs } = this.#options;
    const { client, plane } = this.#bed;
    const arm = this.#arm;
    await this.#warmUp();
    const namespace = `bench-${size}`;
    await client.create(kinds.Namespace, { metadata: { name: namespace } });
    await using follower = new Follower(client, namespace, arm);
    await follower.objects.synced;
    using sampler = new Sampler(this.#pids);
    const since = Date.now();
    const started = performance.now();
    const created = new Map<string, number>();
    await inParallel(size, async (index) => {
      const name = `db-${index}`;
      created.set(name, performance.now());
      await client.create(arm.kind, objectOf(arm, namespace, name));
    });
    const withinMs = 60_000 + size * 500;
    await follower.until(
      () => `${follower.set.size} of ${size} StatefulSets were there`,
      withinMs,
      () => follower.set.size >= size,
    );
    if (node)
      await follower.until(
        () => `${follower.ready.size} of ${size} were ready`,
        withinMs,
        () => follower.ready.size >= size,
      );
    const { cpu } = sampler.sample();
    await delay(2_000);
    const counts = await plane.auditCounts(arm.user, since);
    const quiet = await this.#quiet(quietMs);
    return {
      arm: arm.name,
      size,
      sets: reached(follower.set, created, started),
      ready: node ? reached(follower.ready, created, started) : undefined,
      cpuMs: Object.fromEntries(
        Object.entries(cpu).map(([name, seconds]) => [name, (seconds * 1000) / size]),
      ),
      rssBytes: rssOf(this.#pid),
      peakRssBytes: peakRssOf(this.#pid),
      samples: sampler.samples,
      requests: counts.by,
      writesPerObject: counts.writes / size,
      eventsPerObject: counts.events / size,
      ...quiet,
    };
  }

  get #pid(): number {
    return this.#pids.get(OPERATOR) ?? -1;
  }

  /** The first object pays for what is loaded and compiled once. */
  async #warmUp(): Promise<void> {
    const namespace = 'warm-up';
    const { client } = this.#bed;
    await makeOne(client, this.#arm, namespace);
    if (!this.#options.node) return;
    await using follower = new Follower(client, namespace, this.#arm);
    await follower.until(
      () => 'the first object was not ready',
      60_000,
      () => conditionOf(follower.objects.get(`${namespace}/db`), this.#arm.ready)?.status === 'True',
    );
  }

  /** What it costs when nothing happens, once what comes last is over. */
  async #quiet(quietMs: number): Promise<Pick<Figures, 'quietWrites' | 'quietReads' | 'quietCpu'>> {
    if (quietMs === 0) return { quietWrites: Number.NaN, quietReads: Number.NaN, quietCpu: Number.NaN };
    await delay(3_000);
    using sampler = new Sampler(new Map([[OPERATOR, this.#pid]]));
    const since = Date.now();
    await delay(quietMs);
    const { cpu, seconds } = sampler.sample();
    const { writes, reads, by } = await this.#bed.plane.auditCounts(this.#arm.user, since);
    const watches = Object.entries(by).flatMap(([what, count]) => (what.startsWith('watch ') ? [count] : []));
    return {
      quietWrites: writes,
      quietReads: reads - watches.reduce((sum, count) => sum + count, 0),
      quietCpu: (100 * (cpu[OPERATOR] ?? 0)) / seconds,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends.disposeAsync();
  }
}

async function startOperator(arm: Arm, plane: ControlPlane): Promise<RigProcess> {
  const kubeconfig = await plane.userKubeconfig(arm.user, [...arm.groups]);
  const command = arm.command.map((each) => each.replaceAll('{kubeconfig}', kubeconfig));
  const started = arm.inCluster
    ? await asInCluster(kubeconfig, OPERATOR_NAMESPACE, command)
    : { command, env: { KUBECONFIG: kubeconfig } };
  return new RigProcess(started.command, { ...arm.env, ...started.env });
}

function objectOf({ kind, spec }: Arm, namespace: string, name: string): KubeObject {
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  return { apiVersion, kind: kind.kind, metadata: { namespace, name }, spec } as KubeObject;
}

/** Objects of a manifest as an administrator makes them, before anything runs that minds. */
async function apply(client: KubeClient, object: KubeObject): Promise<void> {
  const { apiVersion = '', kind = '' } = object;
  const [version = '', group = ''] = apiVersion.split('/').toReversed();
  const plural = `${kind.toLowerCase()}${kind.endsWith('s') ? 'es' : 's'}`.replace(/ys$/, 'ies');
  const namespaced = object.metadata?.namespace !== undefined;
  await client.create({ group, version, plural, kind, namespaced }, object);
}

function reached(
  at: ReadonlyMap<string, number>,
  created: ReadonlyMap<string, number>,
  started: number,
): Reached {
  const times = [...at.values()].toSorted((a, b) => a - b).map((ms) => (ms - started) / 1000);
  const latencies = [...at]
    .map(([name, ms]) => ms - (created.get(name) ?? started))
    .toSorted((a, b) => a - b);
  const seconds = times.at(-1) ?? Number.NaN;
  const tenth = times.slice(-Math.max(2, Math.floor(times.length / 10)));
  const tenthSeconds = (tenth.at(-1) ?? 0) - (tenth[0] ?? 0);
  return {
    seconds,
    rate: times.length / seconds,
    lastTenthRate: times.length === 1 ? Number.NaN : (tenth.length - 1) / (tenthSeconds || Number.NaN),
    p50Ms: latencies[Math.floor(latencies.length / 2)] ?? Number.NaN,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
    at: times,
  };
}
