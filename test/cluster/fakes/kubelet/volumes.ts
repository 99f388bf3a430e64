import { type FakeApi, ignore } from './api.ts';
import { type Claim, keyOf } from './objects.ts';

const provisioner = 'fake.influxaddon.dev/volumes';

/** The storage classes of the fake: `fake` is the default and expands, `fake-fixed` does not. */
export async function createStorageClasses(api: FakeApi): Promise<void> {
  for (const [name, allowVolumeExpansion] of [
    ['fake', true],
    ['fake-fixed', false],
  ] as const) {
    const annotations = { 'storageclass.kubernetes.io/is-default-class': String(name === 'fake') };
    await api
      .post('/apis/storage.k8s.io/v1/storageclasses', {
        metadata: { name, annotations },
        provisioner,
        allowVolumeExpansion,
        reclaimPolicy: 'Delete',
        volumeBindingMode: 'Immediate',
      })
      .catch(ignore(409));
  }
}

/**
 * Binds claims and grows them. A claim is bound by the volume made for it; the controller manager's binder, when
 * it runs, finds nothing left to do but its own annotations.
 */
export class FakeVolumes {
  readonly #api: FakeApi;
  /** By `namespace/name`. */
  readonly #claims = new Map<string, Claim>();
  readonly #onChange: (key: string) => void;
  readonly #onLost: (uid: string) => void;
  readonly #busy = new Set<string>();
  /** Claims that match get no volume, or do not grow. */
  hold: (claim: Claim) => boolean = () => false;

  /** `onChange` is told the claim's key, `onLost` the uid of a claim whose volume is gone with all on it. */
  constructor(api: FakeApi, onChange: (key: string) => void, onLost: (uid: string) => void) {
    this.#api = api;
    this.#onChange = onChange;
    this.#onLost = onLost;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#api.follow<Claim>(
      '/api/v1/persistentvolumeclaims',
      signal,
      (claims) => {
        const uids = new Set(claims.map(({ metadata }) => metadata.uid));
        for (const gone of [...this.#claims.values()].filter(({ metadata }) => !uids.has(metadata.uid))) {
          this.#remove(gone);
        }
        claims.forEach((claim) => this.#seen(claim));
      },
      ({ type, object }) => {
        if (type === 'DELETED') {
          this.#remove(object);
        } else if (type !== 'BOOKMARK') {
          this.#seen(object);
        }
      },
    );
  }

  /** Undefined when the pod's claim is bound, else the scheduler's words. */
  notReady(namespace: string, name: string): string | undefined {
    const claim = this.#claims.get(`${namespace}/${name}`);
    if (!claim || claim.metadata.deletionTimestamp) {
      return `persistentvolumeclaim "${name}" ${claim ? 'is being deleted' : 'not found'}`;
    }
    return claim.status?.phase === 'Bound' ? undefined : 'pod has unbound immediate PersistentVolumeClaims';
  }

  claim(namespace: string, name: string): Claim | undefined {
    return this.#claims.get(`${namespace}/${name}`);
  }

  /** Looks again at every claim, after `hold` has changed. */
  retry(): void {
    for (const claim of this.#claims.values()) {
      this.#seen(claim);
    }
  }

  #seen(claim: Claim): void {
    this.#claims.set(keyOf(claim), claim);
    this.#onChange(keyOf(claim));
    const { uid } = claim.metadata;
    if (
      this.#busy.has(uid) ||
      this.hold(claim) ||
      !['fake', 'fake-fixed'].includes(claim.spec?.storageClassName ?? '')
    ) {
      return;
    }
    this.#busy.add(uid);
    this.#settle(claim)
      .catch(() => true)
      .then((failed) => {
        this.#busy.delete(uid);
        const latest = this.#claims.get(keyOf(claim));
        if (latest?.metadata.uid === uid && (failed === true || latest !== claim)) {
          setTimeout(
            () => this.#claims.get(keyOf(latest)) === latest && this.#seen(latest),
            failed === true ? 200 : 0,
          );
        }
      })
      .catch(() => undefined);
  }

  async #settle(claim: Claim): Promise<void> {
    const { uid, namespace, name, deletionTimestamp } = claim.metadata;
    const requested = claim.spec?.resources?.requests?.['storage'];
    if (deletionTimestamp || requested === undefined) {
      return;
    }
    const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`;
    const volume = `fake-${uid}`;
    if (!claim.spec?.volumeName) {
      await this.#api
        .post('/api/v1/persistentvolumes', volumeFor(claim, volume, requested))
        .catch(ignore(409));
      await this.#api
        .merge(path, { metadata: { uid }, spec: { volumeName: volume } })
        .catch(ignore(404, 409));
    } else if (claim.spec.volumeName !== volume) {
      return;
    }
    if (claim.status?.phase !== 'Bound' || claim.status.capacity?.['storage'] !== requested) {
      if (claim.status?.phase === 'Bound') {
        await this.#api.merge(`/api/v1/persistentvolumes/${volume}`, {
          spec: { capacity: { storage: requested } },
        });
      }
      const status = {
        phase: 'Bound',
        capacity: { storage: requested },
        accessModes: claim.spec?.accessModes ?? [],
      };
      await this.#api.merge(`${path}/status`, { metadata: { uid }, status }).catch(ignore(404, 409));
    }
  }

  #remove(claim: Claim): void {
    const { uid } = claim.metadata;
    if (this.#claims.get(keyOf(claim))?.metadata.uid === uid) {
      this.#claims.delete(keyOf(claim));
    }
    this.#onLost(uid);
    this.#onChange(keyOf(claim));
    this.#deleteVolume(`/api/v1/persistentvolumes/fake-${uid}`).catch(() => undefined);
  }

  async #deleteVolume(path: string): Promise<void> {
    const volume = await this.#api.find<{
      metadata: { uid: string };
      spec: { persistentVolumeReclaimPolicy: string };
    }>(path);
    if (volume?.spec.persistentVolumeReclaimPolicy === 'Delete') {
      await this.#api.delete(path, volume.metadata.uid);
    }
  }
}

function volumeFor(claim: Claim, name: string, storage: string): object {
  const { uid, namespace, name: claimName } = claim.metadata;
  return {
    metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': provisioner } },
    spec: {
      capacity: { storage },
      accessModes: claim.spec?.accessModes,
      storageClassName: claim.spec?.storageClassName,
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: claimName, uid },
      csi: { driver: 'fake.influxaddon.dev', volumeHandle: uid },
    },
  };
}
