import type { Clock } from '../../../../src/kube/clock.ts';
import { type FakeApi, ignore } from './api.ts';
import type { Engines } from './engines.ts';
import { claimsOf, engineOf, type Pod, podPath } from './objects.ts';
import { PodFiles } from './pod-files.ts';
import { type PodView, podStatus, timestamp } from './pod-status.ts';
import type { JobRunner, PodRule } from './rules.ts';

/** What a pod's run needs of the node it is on. */
export interface Host {
  api: FakeApi;
  engine: Engines;
  node: string;
  clock: Clock;
  readyAfterMs: number;
  ruleFor(pod: Pod): PodRule | undefined;
  jobRunner(): JobRunner | undefined;
  /** Why the pod's volumes keep it from being scheduled. */
  claimsNotReady(pod: Pod): string | undefined;
  /** What a pod's data is kept under. */
  storageKey(pod: Pod): string;
  allocateAddress(): string;
}

/** In milliseconds of the node's clock: look again. Undefined: when something changes. */
export type Again = number | undefined;

/** One pod's life on the node. `step` looks at what is and goes as far as it can; it is never run twice at once. */
export class PodRun {
  /** As last seen. */
  pod: Pod;
  readonly #host: Host;
  #address: string | undefined;
  #startedAt = '';
  #bootstrapped = false;
  #running = false;
  /** Both by the clock that never goes back. */
  #readyAt = 0;
  #stopAt: number | undefined;
  #restarts = 0;
  #lastState: object | undefined;
  #written: { json: string; status: Pod['status'] } | undefined;
  #reported = '';

  constructor(host: Host, pod: Pod) {
    this.#host = host;
    this.pod = pod;
  }

  get isRunning(): boolean {
    return this.#running;
  }

  async step(): Promise<Again> {
    const { pod } = this;
    const rule = this.#host.ruleFor(pod);
    if (pod.metadata.deletionTimestamp) {
      return this.#terminate(rule);
    }
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') {
      await this.stop();
      return undefined;
    }
    if (!pod.spec?.nodeName) {
      return this.#schedule(rule);
    }
    return pod.spec.nodeName === this.#host.node ? this.#advance(rule) : undefined;
  }

  /** The engine's process ends at once, as with SIGKILL. */
  async stop(): Promise<void> {
    this.#running = false;
    if (this.#address !== undefined) {
      await this.#host.engine.stop(this.#address);
    }
  }

  /** The container ends and is started again in its pod. */
  async restartContainer(exitCode: number, reason: string): Promise<void> {
    await this.stop();
    this.#restarts++;
    this.#lastState = {
      terminated: { exitCode, reason, startedAt: this.#startedAt, finishedAt: this.#now() },
    };
    await this.#write({ phase: 'Running', initialized: true, ready: false });
  }

  async #terminate(rule: PodRule | undefined): Promise<Again> {
    this.#stopAt ??=
      this.#host.clock.monotonic() + (rule?.behave === 'SlowStop' ? (rule.stopAfterMs ?? 5000) : 0);
    if (this.#host.clock.monotonic() < this.#stopAt) {
      return this.#stopAt - this.#host.clock.monotonic();
    }
    await this.stop();
    await this.#host.api.delete(podPath(this.pod), this.pod.metadata.uid, 0);
    return undefined;
  }

  async #schedule(rule: PodRule | undefined): Promise<Again> {
    const noRoom = '0/1 nodes are available: 1 Insufficient memory.';
    const reason =
      rule?.behave === 'Unschedulable' ? (rule.message ?? noRoom) : this.#host.claimsNotReady(this.pod);
    if (reason !== undefined) {
      await this.#write({ unschedulable: reason });
      await this.#event('FailedScheduling', reason);
      return undefined;
    }
    const { name, uid } = this.pod.metadata;
    const binding = { metadata: { name, uid }, target: { kind: 'Node', name: this.#host.node } };
    await this.#host.api.post(podPath(this.pod, '/binding'), binding).catch(ignore(404, 409));
    return undefined;
  }

  async #advance(rule: PodRule | undefined): Promise<Again> {
    this.#address ??= this.#host.allocateAddress();
    this.#startedAt ||= this.#now();
    if (rule?.behave === 'CrashLoop' || rule?.behave === 'OOMKilled') {
      return this.#crash(rule);
    }
    if (this.#running) {
      return this.#tellReady(rule);
    }
    const runJob = this.pod.metadata.ownerReferences?.some(({ kind }) => kind === 'Job')
      ? this.#host.jobRunner()
      : undefined;
    if (runJob !== undefined && rule === undefined) {
      return this.#runJob(runJob);
    }
    if (rule?.behave === 'ImagePullError') {
      const image = this.pod.spec?.initContainers?.[0]?.image ?? this.pod.spec?.containers[0]?.image;
      const message = rule.message ?? `failed to pull and unpack image "${image}": not found`;
      return this.#wait(this.#bootstrapped ? 'main' : 'first', 'ErrImagePull', message);
    }
    const files = new PodFiles(this.#host.api, this.pod);
    const missing = await files.missing();
    if (missing) {
      await this.#wait('main', missing.reason, missing.message);
      return 250;
    }
    if (!this.#bootstrapped) {
      const failure = rule?.behave === 'InitFails' ? (rule.message ?? '') : await this.#bootstrap(files);
      if (failure !== undefined) {
        await this.#failInit(rule?.exitCode ?? 1, failure);
        return rule ? undefined : 500;
      }
      this.#bootstrapped = true;
    }
    await this.#startEngine(files);
    this.#running = true;
    this.#readyAt =
      this.#host.clock.monotonic() +
      (rule?.behave === 'SlowStart' ? (rule.readyAfterMs ?? 5000) : this.#host.readyAfterMs);
    return this.#tellReady(rule);
  }

  async #runJob(run: JobRunner): Promise<Again> {
    const end = await run(this.pod);
    if (end === undefined) {
      await this.#write({ phase: 'Running', initialized: true, ready: true });
      return 100;
    }
    const { exitCode, message } = end;
    const terminated = {
      exitCode,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      startedAt: this.#startedAt,
      finishedAt: timestamp(this.#host.clock),
      ...(message !== undefined && { message }),
    };
    const phase = exitCode === 0 ? 'Succeeded' : 'Failed';
    await this.#write({ phase, initialized: true, main: { state: { terminated } } });
    return undefined;
  }

  async #bootstrap(files: PodFiles): Promise<string | undefined> {
    const statements = await files.bootstrapStatements();
    if (!statements) {
      return undefined;
    }
    await this.#write({
      phase: 'Pending',
      initialized: false,
      init: { state: { running: { startedAt: this.#startedAt } } },
    });
    const on = { address: this.#address ?? '', version: this.#version() };
    const failed = await this.#host.engine.bootstrap(this.#host.storageKey(this.pod), statements, on);
    return failed === undefined ? undefined : `BootstrapFailed: ${failed}`;
  }

  async #startEngine(files: PodFiles): Promise<void> {
    const container = engineOf(this.pod);
    if (!container || this.#address === undefined) {
      return;
    }
    const env = await files.environment(container);
    const cert = await files.file(container, env['INFLUXDB_HTTP_HTTPS_CERTIFICATE'] ?? '');
    const key = await files.file(container, env['INFLUXDB_HTTP_HTTPS_PRIVATE_KEY'] ?? '');
    const version = this.#version();
    await this.#host.engine.start(this.#address, this.#host.storageKey(this.pod), env, {
      ...(version && { version }),
      ...(cert && { tls: { cert, key: key ?? cert } }),
    });
  }

  #version(): string | undefined {
    const image = engineOf(this.pod)?.image?.split('/').at(-1) ?? '';
    return /:v?([0-9.]+)/.exec(image)?.[1];
  }

  async #tellReady(rule: PodRule | undefined): Promise<Again> {
    const wait = this.#readyAt - this.#host.clock.monotonic();
    const ready = wait <= 0 && rule?.behave !== 'NeverReady';
    if (ready && this.pod.metadata.ownerReferences?.some(({ kind }) => kind === 'Job')) {
      await this.#write({ phase: 'Succeeded', initialized: true });
      return undefined;
    }
    await this.#write({ phase: 'Running', initialized: true, ready });
    return wait > 0 ? wait : undefined;
  }

  async #crash(rule: PodRule): Promise<Again> {
    const killed = rule.behave === 'OOMKilled';
    const reason = killed ? 'OOMKilled' : 'Error';
    const exitCode = rule.exitCode ?? (killed ? 137 : 1);
    if (this.#running || this.#restarts === 0) {
      this.#restarts++;
      await this.stop();
      this.#lastState = {
        terminated: {
          exitCode,
          reason,
          startedAt: this.#startedAt,
          finishedAt: this.#now(),
          ...(rule.message && { message: rule.message }),
        },
      };
    }
    await this.#wait('main', 'CrashLoopBackOff', 'back-off 10s restarting failed container');
    return undefined;
  }

  async #failInit(exitCode: number, message: string): Promise<void> {
    this.#restarts++;
    const terminated = {
      exitCode,
      reason: 'Error',
      message,
      startedAt: this.#startedAt,
      finishedAt: this.#startedAt,
    };
    const waiting = { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting failed container' };
    const init = { state: { waiting }, lastState: { terminated }, restarts: 1 };
    await this.#write({ phase: 'Pending', initialized: false, init });
  }

  async #wait(where: 'first' | 'main', reason: string, message: string): Promise<undefined> {
    const view = {
      state: { waiting: { reason, message } },
      ...(this.#lastState && { lastState: this.#lastState }),
      restarts: this.#restarts,
    };
    const init = where === 'first' && (this.pod.spec?.initContainers?.length ?? 0) > 0;
    const crashed = reason === 'CrashLoopBackOff';
    await this.#write(
      init
        ? { phase: 'Pending', initialized: false, init: view }
        : { phase: crashed ? 'Running' : 'Pending', initialized: this.#bootstrapped || crashed, main: view },
    );
    await this.#event(reason === 'ErrImagePull' ? 'Failed' : crashed ? 'BackOff' : 'FailedMount', message);
  }

  async #write(view: Partial<PodView>): Promise<void> {
    const restarted =
      view.main === undefined && view.phase === 'Running' && this.#restarts > 0 && this.#lastState;
    const status = podStatus(
      { ...this.pod, ...(this.#written?.status && { status: this.#written.status }) },
      {
        phase: 'Pending',
        initialized: false,
        ready: false,
        startedAt: this.#startedAt,
        now: this.#now(),
        ...(this.#address !== undefined && { ip: this.#address }),
        ...(restarted && {
          main: {
            state: { running: { startedAt: this.#startedAt } },
            lastState: restarted,
            ready: view.ready ?? false,
            restarts: this.#restarts,
          },
        }),
        ...view,
      },
    );
    const json = JSON.stringify(status);
    if (json !== this.#written?.json) {
      const { uid } = this.pod.metadata;
      await this.#host.api
        .merge(podPath(this.pod, '/status'), { metadata: { uid }, status })
        .catch(ignore(404, 409));
      this.#written = { json, status };
    }
  }

  #now(): string {
    return timestamp(this.#host.clock);
  }

  /** An event of the pod, told once until something else happens. */
  async #event(reason: string, message: string): Promise<void> {
    if (this.#reported === reason + message) {
      return;
    }
    this.#reported = reason + message;
    const { namespace, name, uid } = this.pod.metadata;
    await this.#host.api
      .post(`/api/v1/namespaces/${namespace}/events`, {
        metadata: { generateName: `${name}.` },
        involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid },
        type: 'Warning',
        reason,
        message,
        source: { component: 'fake-kubelet' },
        firstTimestamp: this.#now(),
        lastTimestamp: this.#now(),
        count: 1,
      })
      .catch(ignore(403, 404, 409));
  }
}

/** Claims of a pod as `namespace/name`. */
export const claimKeys = (pod: Pod): string[] =>
  claimsOf(pod).map((name) => `${pod.metadata.namespace}/${name}`);
