import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Clock, systemClock, type Timer } from '../../../src/kube/clock.ts';
import { FakeEngine } from './fake-engine.ts';
import { FakeApi } from './kubelet/api.ts';
import { type Claim, claimsOf, keyOf, type Pod, podPath } from './kubelet/objects.ts';
import type { Engines } from './kubelet/engines.ts';
import { type PodNetwork, takeNetwork } from './kubelet/network.ts';
import { claimKeys, type Host, PodRun } from './kubelet/pod-run.ts';
import { registerNode } from './kubelet/register.ts';
import type { JobRunner, PodRule } from './kubelet/rules.ts';
import { FakeVolumes } from './kubelet/volumes.ts';

export type { Claim, Pod } from './kubelet/objects.ts';
export type { JobRunner, PodRule } from './kubelet/rules.ts';

export interface FakeKubeletOptions {
  kubeconfig: string;
  /** Default `fake-node`. */
  node?: string;
  /** Loopback addresses for pods. Default: a free /16 of 127.0.0.0/8, held while it runs. */
  network?: string;
  /** From a container's start to Ready; default 0. */
  readyAfterMs?: number;
  /** Default: one of its own. */
  engine?: FakeEngine;
  /** What runs the pods' engines; default: that fake. */
  engines?: Engines;
  rules?: PodRule[];
  /**
   * The node's time: what its pods' records say, and how long they take. Whoever steps the operator's clock has to
   * give the node the same one, or its pods look old. Default: the machine's.
   */
  clock?: Clock;
}

/** Starts a fake node: scheduler, kubelet and volume provisioner for a control plane that has none of them. */
export async function startFakeKubelet(options: FakeKubeletOptions): Promise<FakeKubelet> {
  const api = await FakeApi.open(options.kubeconfig);
  const kubelet = new FakeKubelet(api, await takeNetwork(options.network), options);
  try {
    await registerNode(api, kubelet.node, options.clock ?? systemClock);
  } catch (error) {
    await kubelet.stop();
    throw error;
  }
  kubelet.run();
  return kubelet;
}

interface Entry {
  readonly run: PodRun;
  again: boolean;
  working: boolean;
  /** The pod is gone from the API; what its last step began is still to be ended. */
  removed: boolean;
  timer?: Timer;
}

export class FakeKubelet implements AsyncDisposable {
  readonly engine: FakeEngine;
  readonly #engines: Engines;
  readonly node: string;
  readonly volumes: FakeVolumes;
  /** What went wrong with its own work, the last hundred: tried again, and worth a look when a pod does not come. */
  readonly failures: string[] = [];
  /** Operator, node, engines and tests share one event loop: while it stands still, everything in it is late. */
  readonly #stalls = monitorEventLoopDelay();
  /** What the pods of Jobs do; without it they end well at once, and say nothing. */
  jobs: JobRunner | undefined;
  readonly #api: FakeApi;
  readonly #network: PodNetwork;
  readonly #clock: Clock;
  readonly #host: Host;
  readonly #abort = new AbortController();
  readonly #runs = new Map<string, Entry>();
  /** Uids of the pods that mount a claim, by its `namespace/name`. */
  readonly #byClaim = new Map<string, Set<string>>();
  readonly #rules: PodRule[];
  #following: Promise<unknown> = Promise.resolve();

  constructor(api: FakeApi, network: PodNetwork, options: FakeKubeletOptions) {
    this.#api = api;
    this.#network = network;
    this.#clock = options.clock ?? systemClock;
    this.engine = options.engine ?? new FakeEngine();
    this.#engines = options.engines ?? this.engine;
    this.node = options.node ?? 'fake-node';
    this.#rules = [...(options.rules ?? [])];
    this.volumes = new FakeVolumes(
      api,
      (claim) => this.#pokeAll(this.#byClaim.get(claim) ?? []),
      (uid) => this.#engines.forget(uid),
    );
    this.#host = {
      api,
      engine: this.#engines,
      node: this.node,
      clock: this.#clock,
      readyAfterMs: options.readyAfterMs ?? 0,
      ruleFor: (pod) => this.#rules.find((rule) => rule.match(pod)),
      jobRunner: () => this.jobs,
      claimsNotReady: (pod) => this.#claimsNotReady(pod),
      storageKey: (pod) => this.storageKey(pod),
      allocateAddress: () => network.nextAddress(),
    };
  }

  /** For the message of a wait that was in vain: {@link failures}, and the longest stall of this process. */
  get troubles(): string[] {
    const stallMs = Math.round(this.#stalls.max / 1_000_000);
    return [...this.failures, ...(stallMs >= 500 ? [`the process stood still for ${stallMs} ms`] : [])];
  }

  run(): void {
    this.#stalls.enable();
    const pods = this.#api.follow<Pod>(
      '/api/v1/pods',
      this.#abort.signal,
      (all) => {
        const uids = new Set(all.map(({ metadata }) => metadata.uid));
        for (const uid of [...this.#runs.keys()].filter((known) => !uids.has(known))) {
          this.#remove(uid);
        }
        all.forEach((pod) => this.#seen(pod));
      },
      ({ type, object }) => {
        if (type === 'DELETED') {
          this.#remove(object.metadata.uid);
        } else if (type !== 'BOOKMARK') {
          this.#seen(object);
        }
      },
    );
    this.#following = Promise.all([pods, this.volumes.run(this.#abort.signal)]);
  }

  /** Adds a rule before the others, and looks again at every pod; the answer takes it away again. */
  rule(rule: PodRule): () => void {
    this.#rules.unshift(rule);
    this.#pokeAll(this.#runs.keys());
    return () => {
      this.#rules.splice(this.#rules.indexOf(rule), this.#rules.includes(rule) ? 1 : 0);
      this.#pokeAll(this.#runs.keys());
    };
  }

  clearRules(): void {
    this.#rules.length = 0;
    this.#pokeAll(this.#runs.keys());
  }

  /**
   * Deletes a pod, as an eviction or `kubectl delete pod` does: the one that the kubelet knows by this name, which may have
   * been deleted before. @returns its UID
   */
  async killPod(namespace: string, name: string): Promise<string> {
    const { pod } = this.#named(namespace, name);
    await this.#api.delete(podPath(pod), pod.metadata.uid);
    return pod.metadata.uid;
  }

  /** The kubelet has heard of a pod of this name. */
  hasPod(namespace: string, name: string): boolean {
    return [...this.#runs.values()].some(({ run }) => keyOf(run.pod) === `${namespace}/${name}`);
  }

  /** Ends the pod's container, which is then started again in place. Default: as the kernel does when memory is short. */
  async restartContainer(
    namespace: string,
    name: string,
    reason = 'OOMKilled',
    exitCode = 137,
  ): Promise<void> {
    const run = this.#named(namespace, name);
    await run.restartContainer(exitCode, reason);
    this.#poke(run.pod.metadata.uid);
  }

  /** What the pod's data is kept under in the engine: the uid of its first claim, or its own. */
  storageKey(pod: Pod): string {
    const [name = ''] = claimsOf(pod);
    return this.volumes.claim(pod.metadata.namespace, name)?.metadata.uid ?? pod.metadata.uid;
  }

  /** Holds back volumes: matching claims are neither bound nor grown until the answer is called. */
  holdClaims(match: (claim: Claim) => boolean): () => void {
    this.volumes.hold = match;
    return () => {
      this.volumes.hold = () => false;
      this.volumes.retry();
    };
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#stalls.disable();
    for (const { timer } of this.#runs.values()) {
      timer?.cancel();
    }
    await this.#api.close();
    await this.#following;
    await this.#engines.stopAll();
    await this.#network.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #note(pod: Pod, reason: unknown): void {
    if (!this.#abort.signal.aborted) {
      this.failures.push(`${keyOf(pod)}: ${String(reason)}`);
      this.failures.splice(0, this.failures.length - 100);
    }
  }

  #named(namespace: string, name: string): PodRun {
    const found = [...this.#runs.values()].find(({ run }) => keyOf(run.pod) === `${namespace}/${name}`);
    if (!found) {
      throw new Error(`the fake kubelet has no pod ${namespace}/${name}`);
    }
    return found.run;
  }

  #claimsNotReady(pod: Pod): string | undefined {
    for (const name of claimsOf(pod)) {
      const reason = this.volumes.notReady(pod.metadata.namespace, name);
      if (reason !== undefined) {
        return `0/1 nodes are available: ${reason}.`;
      }
      const exclusive = this.volumes
        .claim(pod.metadata.namespace, name)
        ?.spec?.accessModes?.includes('ReadWriteOncePod');
      const users = this.#byClaim.get(`${pod.metadata.namespace}/${name}`) ?? [];
      if (exclusive && [...users].some((uid) => uid !== pod.metadata.uid && this.#occupies(uid))) {
        return '0/1 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode.';
      }
    }
    return undefined;
  }

  /**
   * One that has ended holds its volumes no longer, though it is still there. One that is gone holds them until its
   * last step is over: that may be starting the engine.
   */
  #occupies(uid: string): boolean {
    const entry = this.#runs.get(uid);
    if (entry === undefined || entry.removed) return entry !== undefined;
    const { spec, status } = entry.run.pod;
    const over = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    return spec?.nodeName !== undefined && !over;
  }

  #seen(pod: Pod): void {
    const { uid } = pod.metadata;
    const known = this.#runs.get(uid);
    if (known) {
      known.run.pod = pod;
      // Another pod may have waited for its claims.
      if (!this.#occupies(uid))
        for (const claim of claimKeys(pod))
          this.#pokeAll([...(this.#byClaim.get(claim) ?? [])].filter((each) => each !== uid));
    } else {
      this.#runs.set(uid, { run: new PodRun(this.#host, pod), again: false, working: false, removed: false });
      for (const claim of claimKeys(pod)) {
        this.#byClaim.set(claim, (this.#byClaim.get(claim) ?? new Set()).add(uid));
      }
    }
    this.#poke(uid);
  }

  #remove(uid: string): void {
    const entry = this.#runs.get(uid);
    if (!entry || entry.removed) {
      return;
    }
    entry.removed = true;
    entry.timer?.cancel();
    if (!entry.working) {
      this.#end(uid, entry).catch((reason: unknown) => this.#note(entry.run.pod, reason));
    }
  }

  async #end(uid: string, { run }: Entry): Promise<void> {
    await run.stop();
    this.#runs.delete(uid);
    for (const claim of claimKeys(run.pod)) {
      this.#byClaim.get(claim)?.delete(uid);
      // Another pod may have waited for the claim.
      this.#pokeAll(this.#byClaim.get(claim) ?? []);
    }
  }

  #pokeAll(uids: Iterable<string>): void {
    for (const uid of uids) {
      this.#poke(uid);
    }
  }

  /** Steps the pod's run now, or once more when it is at it. */
  #poke(uid: string): void {
    const entry = this.#runs.get(uid);
    if (!entry || entry.removed || this.#abort.signal.aborted) {
      return;
    }
    if (entry.working) {
      entry.again = true;
      return;
    }
    entry.working = true;
    entry.again = false;
    entry.timer?.cancel();
    entry.run
      .step()
      .then((ms) => ({ ms, clock: this.#clock }))
      // What fails here is a request to an API server that is being restarted, or a port that is not free yet: both
      // pass in the machine's time, whatever time it is on the node.
      .catch((reason: unknown) => {
        this.#note(entry.run.pod, reason);
        return { ms: 200, clock: systemClock };
      })
      .then(async ({ ms, clock }) => {
        entry.working = false;
        if (this.#abort.signal.aborted) {
          return;
        }
        if (entry.removed) {
          await this.#end(uid, entry);
        } else if (entry.again) {
          this.#poke(uid);
        } else if (ms !== undefined && this.#runs.has(uid)) {
          entry.timer = clock.after(ms, () => this.#poke(uid));
        }
      })
      .catch((reason: unknown) => this.#note(entry.run.pod, reason));
  }
}
