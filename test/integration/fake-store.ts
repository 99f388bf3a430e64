import type { JobSpec } from '../../src/backup/protocol.ts';
import type { JobResult } from '../../src/backup/results.ts';
import { JOB_CONTAINER, JOB_SPEC_VARIABLE } from '../../src/backup/protocol.ts';
import type { FakeKubelet, JobRunner, Pod } from '../cluster/fakes/fake-kubelet.ts';
import type { JobEnd } from '../cluster/fakes/kubelet/rules.ts';

type Backup = Extract<JobSpec, { operation: 'backup' }>;
type Filling = Extract<JobSpec, { operation: 'restore' | 'drill' | 'import' | 'copy' }>;

/** A store in a map, and Jobs that work on it as the real ones say they do. */
export class FakeStore {
  /** By UID of the backup: what was asked for when it was taken. */
  readonly objects = new Map<string, Backup>();
  /** Every Job that was run to its end, in order. */
  readonly ran: JobSpec[] = [];
  /** Decides otherwise about a Job: how it ends, or that it does not yet. */
  behaviour: (spec: JobSpec, pod: Pod) => JobResult | 'Runs' | 'Vanishes' | undefined = () => undefined;
  /** Told of each backup that is whole. */
  onBackup: (spec: Backup) => void = () => undefined;
  /** Puts the data on a claim that is to be filled. */
  fill: (spec: Filling, claimName: string, pod: Pod) => void = () => undefined;
  /** Told of each restore, with the claim it fills. */
  onRestore: (spec: JobSpec, claimName: string, pod: Pod) => void = () => undefined;

  /** By UID of the pod. One whose end the API server did not take is asked again, and has ended all the same. */
  readonly #ends = new Map<string, JobEnd>();

  readonly run: JobRunner = (pod) => {
    const known = this.#ends.get(pod.metadata.uid);
    if (known !== undefined) return known;
    const end = isOurs(pod) ? this.#end(pod) : { exitCode: 0 };
    if (end !== undefined) this.#ends.set(pod.metadata.uid, end);
    return end;
  };

  #end(pod: Pod): JobEnd | undefined {
    const spec = specOf(pod);
    const decided = this.behaviour(spec, pod);
    if (decided === 'Runs') return undefined;
    this.ran.push(spec);
    if (decided === 'Vanishes') return { exitCode: 137 };
    const result = decided ?? this.#carryOut(spec, pod);
    return { exitCode: result.ok ? 0 : 1, message: JSON.stringify(result) };
  }

  #carryOut(spec: JobSpec, pod: Pod): JobResult {
    switch (spec.operation) {
      case 'backup':
        this.onBackup(spec);
        this.objects.set(spec.location.uid, spec);
        return {
          ok: true,
          operation: 'backup',
          manifestSha256: digest(spec.location.uid),
          startedAt: new Date().toISOString(),
          completedAt: new Date().toISOString(),
          engineVersion: engineOf(pod),
          archive: { bytes: 5_000_000, sha256: 'b'.repeat(64), encrypted: spec.recipients.length > 0 },
          dataBytes: 9_000_000,
          points: 1234,
          verified: 'Counts',
        };
      case 'delete':
        return { ok: true, operation: 'delete', objects: this.objects.delete(spec.location.uid) ? 2 : 0 };
      case 'list': {
        const all = [...this.objects.values()].filter(
          ({ location }) => location.namespace === spec.namespace,
        );
        const start = spec.after === undefined ? 0 : Number(spec.after);
        const page = all.slice(start, start + 2);
        const next = start + 2 < all.length ? { next: String(start + 2) } : {};
        const backups = page.map(({ location, about }) => ({
          location,
          manifestSha256: digest(location.uid),
          name: about.name,
          kind: about.kind,
          addonName: about.addonName,
          addonUid: about.addonUid,
          plan: about.plan,
          class: about.class,
          engineVersion: '1.8.10',
          startedAt: '2030-01-01T00:00:00Z',
          completedAt: '2030-01-01T00:00:10Z',
          bytes: 5_000_000,
          dataBytes: 9_000_000,
          encrypted: false,
        }));
        return { ok: true, operation: 'list', backups, ...next };
      }
      case 'check':
        return { ok: true, operation: 'check' };
      case 'restore':
      case 'drill':
      case 'import':
      case 'copy': {
        const claim = pod.spec?.volumes?.find(({ name }) => name === 'state')?.persistentVolumeClaim;
        if (claim !== undefined) {
          this.fill(spec, claim.claimName, pod);
          this.onRestore(spec, claim.claimName, pod);
        }
        return {
          ok: true,
          operation: spec.operation,
          engineVersion: '1.8.10',
          points: 1234,
          verified: 'Counts',
          continuousQueries: 0,
          refusedQueries: [],
        };
      }
    }
  }
}

const stores = new WeakMap<FakeKubelet, Map<string, FakeStore>>();

/** The store on which the Jobs of one namespace work: tests that run side by side have one each. */
export function fakeStoreOf(kubelet: FakeKubelet, namespace: string): FakeStore {
  const known = stores.get(kubelet) ?? new Map<string, FakeStore>();
  if (!stores.has(kubelet)) {
    stores.set(kubelet, known);
    kubelet.jobs = (pod) => fakeStoreOf(kubelet, pod.metadata.namespace).run(pod);
  }
  const store = known.get(namespace) ?? new FakeStore();
  known.set(namespace, store);
  // An empty volume would be taken for what it is: the data is lost.
  store.fill = ({ target }, claimName) => {
    const volume = kubelet.volumes.claim(namespace, claimName)?.metadata.uid;
    if (volume === undefined) throw new Error(`there is no claim ${claimName} to fill`);
    kubelet.engine.bootstrap(volume, { 'create-admin.iql': `CREATE DATABASE "${target.name}"` });
  };
  return store;
}

function isOurs(pod: Pod): boolean {
  return pod.spec?.containers.some(({ name }) => name === JOB_CONTAINER) === true;
}

export function specOf(pod: Pod): JobSpec {
  const container = pod.spec?.containers.find(({ name }) => name === JOB_CONTAINER);
  return JSON.parse(container?.env?.find(({ name }) => name === JOB_SPEC_VARIABLE)?.value ?? '{}') as JobSpec;
}

function digest(uid: string): string {
  return uid.replaceAll('-', '').padEnd(64, '0').slice(0, 64);
}

/** As the image says that the Job's engine has, which is the database's. */
function engineOf({ spec }: Pod): string {
  const image = spec?.containers.find(({ name }) => name === 'engine')?.image ?? '';
  return /:(\d+\.\d+\.\d+)/.exec(image)?.[1] ?? '1.8.10';
}
