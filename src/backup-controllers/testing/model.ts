import { type Behaviour, specOf, succeed } from './jobs.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { InfluxBackup } from '../../api/influx-backup.ts';
import type { InfluxBackupStore } from '../../api/influx-backup-store.ts';
import type { PlanClass } from '../../backup/keep.ts';
import type { JobSpec } from '../../backup/protocol.ts';
import type { JobResult } from '../../backup/results.ts';
import { JOB_CONTAINER } from '../../backup/protocol.ts';
import type { Job, Pod } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import type { TaskAction, TaskDecision } from '../decision/action.ts';
import { decideBackups } from '../backups/decide.ts';
import type { Task } from '../world/job-state.ts';
import type { Backup } from '../decision/phase.ts';
import type { BackupsWorld } from '../world/world.ts';

export const CLUSTER = '6f0a2d1e-cluster';

/** One addon's backups in a cluster of a few maps, with a clock that is turned by hand. */
export class BackupModel {
  now: Date;
  addon: Live<InfluxAddon> | undefined;
  planClass: PlanClass | undefined = 'Starter';
  behaviour: Behaviour = succeed;
  reach: BackupsWorld['reach'] = {
    host: 'my-app-influx.shop.svc.cluster.local',
    port: 8086,
    tls: false,
    podIp: '10.0.0.1',
    engineImage: 'influxdb:1.8.10',
  };
  busy = 0;
  drilling = 0;
  namespaceTerminating = false;
  readonly backups = new Map<string, Backup>();
  /** Names of backups that something is being restored from. */
  readonly needed = new Set<string>();
  readonly stores = new Map<string, Live<InfluxBackupStore>>();
  readonly tasks = new Map<string, Task>();
  /** By uid: what the store holds, whole. */
  readonly objects = new Set<string>();
  /** Every write, in order. */
  readonly writes: string[] = [];
  /** Every Job that was made, in order. */
  readonly jobs: JobSpec[] = [];
  #versions = 0;

  constructor(now: Date) {
    this.now = now;
    this.addon = addonOf(now);
    this.stores.set('nightly', storeOf('nightly'));
  }

  world(): BackupsWorld {
    return {
      namespace: 'shop',
      addonName: 'my-app',
      cluster: CLUSTER,
      namespaceTerminating: this.namespaceTerminating,
      addon: this.addon,
      planClass: this.addon && this.planClass,
      reach: this.addon && this.reach,
      volumeBytes: 1024 ** 3,
      backups: [...this.backups.values()],
      isNeeded: (name) => this.needed.has(name),
      isTaken: (name) => this.backups.has(name),
      stores: this.stores,
      tasks: this.tasks,
      busy: this.busy,
      drilling: this.drilling,
      settings: { image: 'operator:1', atOnce: 10 },
    };
  }

  decide(): TaskDecision {
    return decideBackups(this.world(), this.now);
  }

  /** Acts until there is nothing to do but wait, or `writes` have been made; says what is waited for. */
  settle(writes = Infinity): number | undefined {
    for (let pass = 0; pass < 60; pass += 1) {
      const decision = this.decide();
      if (decision.actions.length === 0) return decision.requeueAfterMs;
      for (const action of decision.actions) {
        if (this.writes.length >= writes) return undefined;
        this.apply(action);
      }
    }
    throw new Error(`no end of it: ${this.writes.slice(-10).join(', ')}`);
  }

  pass(ms: number): void {
    this.now = new Date(this.now.getTime() + ms);
  }

  add(name: string, spec: Partial<InfluxBackup['spec']> = {}, rest: Partial<InfluxBackup> = {}): Backup {
    const object = {
      metadata: { name, namespace: 'shop', ...rest.metadata },
      spec: { addonRef: { name: 'my-app' }, ...spec },
    };
    const backup = this.#stored({
      ...object,
      ...(rest.status ? { status: rest.status } : {}),
    } as InfluxBackup);
    this.backups.set(name, backup as Backup);
    return backup as Backup;
  }

  get(name: string): Backup {
    const found = this.backups.get(name);
    if (found === undefined) throw new Error(`there is no InfluxBackup ${name}`);
    return found;
  }

  /** As `kubectl delete`. */
  remove(name: string): void {
    const backup = this.get(name);
    if ((backup.metadata.finalizers ?? []).length === 0) this.backups.delete(name);
    else this.#update(name, { metadata: { ...backup.metadata, deletionTimestamp: this.now.toISOString() } });
  }

  apply(action: TaskAction): void {
    if (action.do === 'giveUp') {
      this.apply({ do: 'delete', kind: action.kind, live: action.live, why: '' });
      const next = action.next('exceeded quota: pods');
      if (next !== undefined) this.apply(next);
      return;
    }
    const object = action.do === 'create' ? action.object : action.live;
    const name = object.metadata?.name ?? '';
    this.writes.push(`${action.do} ${action.kind.kind} ${name}`);
    if (action.do === 'create') {
      if (action.kind.kind === 'Job') this.#run(action.object as Job);
      else if (!this.backups.has(name)) this.backups.set(name, this.#stored(action.object) as Backup);
    } else if (action.do === 'status') {
      this.#update(name, { status: action.status });
    } else if (action.do === 'finalizers') {
      const backup = this.get(name);
      if (backup.metadata.deletionTimestamp !== undefined && action.finalizers.length === 0)
        this.backups.delete(name);
      else this.#update(name, { metadata: { ...backup.metadata, finalizers: [...action.finalizers] } });
    } else if (action.kind.kind === 'Job') {
      this.tasks.delete(name);
    } else {
      this.remove(name);
    }
  }

  /** Ends a Job that runs. */
  end(name: string, result: JobResult | 'Vanishes'): void {
    const task = this.tasks.get(name);
    if (task?.job === undefined) throw new Error(`there is no Job ${name}`);
    const ok = result !== 'Vanishes' && result.ok;
    const at = this.now.toISOString();
    const condition = { type: ok ? 'Complete' : 'Failed', status: 'True', lastTransitionTime: at };
    const job = { ...task.job, status: { conditions: [condition] } };
    const message = result === 'Vanishes' ? undefined : JSON.stringify(result);
    const state = { terminated: { exitCode: ok ? 0 : 1, ...(message === undefined ? {} : { message }) } };
    const pod = {
      metadata: job.metadata,
      status: { phase: 'Failed', containerStatuses: [{ name: JOB_CONTAINER, state }] },
    };
    this.tasks.set(name, { job, pod: pod as unknown as Live<Pod> });
  }

  #run(intent: Job): void {
    const name = intent.metadata?.name ?? '';
    if (this.tasks.get(name)?.job !== undefined) return;
    const spec = specOf(intent);
    this.jobs.push(spec);
    this.tasks.set(name, { job: this.#stored(intent) as Live<Job>, pod: undefined });
    const result = this.behaviour(spec);
    if (result === 'Runs') return;
    if (result !== 'Vanishes' && result.ok && 'location' in spec) {
      if (spec.operation === 'backup') this.objects.add(spec.location.uid);
      if (spec.operation === 'delete') this.objects.delete(spec.location.uid);
    }
    this.end(name, result);
  }

  #stored(object: KubeObject): Live<KubeObject> {
    const n = (this.#versions += 1);
    const metadata = {
      name: 'unnamed',
      uid: `0000-uid-${n}`,
      generation: 1,
      creationTimestamp: this.now.toISOString().replace(/\.\d+Z$/, 'Z'),
      ...object.metadata,
      resourceVersion: String(n),
    };
    return { ...object, metadata };
  }

  #update(name: string, change: object): void {
    const before = this.get(name);
    const next = { ...before, ...change };
    const resourceVersion = String((this.#versions += 1));
    this.backups.set(name, { ...next, metadata: { ...next.metadata, resourceVersion } });
  }
}

export function addonOf(now: Date, spec: Partial<InfluxAddon['spec']> = {}): Live<InfluxAddon> {
  return {
    metadata: {
      name: 'my-app',
      namespace: 'shop',
      uid: 'addon-uid',
      resourceVersion: '1',
      creationTimestamp: now.toISOString(),
    },
    spec: { plan: '1g', backups: { storeRef: { name: 'nightly' } }, ...spec },
    status: {
      id: 'my_app_3707',
      plan: '1g',
      version: '1.8.10',
      dataPlane: { revision: 'r', verifiedAt: now.toISOString() },
    },
  };
}

export function storeOf(name: string): Live<InfluxBackupStore> {
  return {
    metadata: { name, namespace: 'shop', uid: `${name}-uid`, resourceVersion: '1', generation: 1 },
    spec: {
      s3: { endpoint: 'https://s3.example.com', bucket: 'backups', credentialsRef: { name: 'credentials' } },
    },
  };
}
