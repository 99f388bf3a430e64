import { mkdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import { BedApi, BedApiError } from '../bed-api.ts';
import { readKubeconfig } from '../kubeconfig.ts';
import { type Action, decide, persistentVolumeFor, volumeNameOf } from './decide.ts';
import { createDisk, deleteDisk, growDisk, listDisks, requireDisks } from './disks.ts';
import { follow } from './follow.ts';
import { bytesOf } from './quantity.ts';
import { storageClasses } from './storage-classes.ts';

/**
 * The dynamic provisioner of a bed: makes, grows and removes `local` volumes for the claims of its classes. Runs
 * where the kubelet sees its mounts, that is in the bed's mount namespace:
 *   node provisioner.ts --kubeconfig F --dir D --node N
 */
export interface ProvisionerOptions {
  kubeconfig: string;
  /** Where the disks are; made when missing. */
  dir: string;
  /** Name of the node, the one on which it runs. */
  node: string;
}

/** Works until aborted. A failed action is logged and tried again; only a wrong kubeconfig or a machine
 * that cannot make disks is an error. */
export async function runProvisioner(options: ProvisionerOptions, signal: AbortSignal): Promise<void> {
  const { dir, node } = options;
  await requireDisks();
  await mkdir(dir, { recursive: true });
  const access = await readKubeconfig(options.kubeconfig);
  const api = new BedApi(access);
  await ensureClasses(api, signal);

  const claims = new Map<string, PersistentVolumeClaim>();
  const volumes = new Map<string, PersistentVolume>();
  let changed = Promise.withResolvers<void>();
  const listed = { claims: false, volumes: false };
  const onChange = (kind: keyof typeof listed) => (): void => {
    listed[kind] = true;
    changed.resolve();
  };
  signal.addEventListener('abort', () => changed.resolve());
  const following = [
    follow(access, '/api/v1/persistentvolumeclaims', claims, onChange('claims'), signal),
    follow(access, '/api/v1/persistentvolumes', volumes, onChange('volumes'), signal),
  ];

  let swept = false;
  while (!signal.aborted) {
    await changed.promise;
    changed = Promise.withResolvers();
    if (!listed.claims || !listed.volumes || signal.aborted) continue;
    if (!swept) await removeOrphans(dir, [...claims.values()], [...volumes.values()]);
    swept = true;
    for (const action of decide([...claims.values()], [...volumes.values()], node)) {
      try {
        await act(action, api, dir, node);
      } catch (error) {
        console.error(`${action.do}: ${String(error)}`);
        const again = changed;
        setTimeout(() => again.resolve(), 500);
      }
    }
  }
  await Promise.all(following);
  api.close();
}

async function act(action: Action, api: BedApi, dir: string, node: string): Promise<void> {
  switch (action.do) {
    case 'provision': {
      const bytes = bytesOf(action.claim.spec!.resources!.requests!['storage']!);
      const path = await createDisk(dir, action.volumeName, bytes);
      await unless(409, api.send('POST', volumesPath, persistentVolumeFor(action.claim, path, node)));
      break;
    }
    case 'expand': {
      const { claim, size } = action;
      const name = action.volume.metadata!.name!;
      await patchClaimStatus(api, claim, {
        conditions: [resizing()],
        allocatedResources: { storage: size },
        allocatedResourceStatuses: { storage: 'ControllerResizeInProgress' },
      });
      await growDisk(dir, name, bytesOf(size));
      const capacity = { spec: { capacity: { storage: size } } };
      await unless(404, api.send('PATCH', `${volumesPath}/${name}`, capacity, mergePatch));
      await finish(api, claim, size);
      break;
    }
    case 'finishExpansion':
      await finish(api, action.claim, action.size);
      break;
    case 'delete': {
      const name = action.volume.metadata!.name!;
      await deleteDisk(dir, name);
      await unless(404, api.send('DELETE', `${volumesPath}/${name}`));
      break;
    }
  }
}

const volumesPath = '/api/v1/persistentvolumes';
const mergePatch = 'application/merge-patch+json';

/** As a CSI resizer and the kubelet leave a claim together: the new capacity, and no condition. */
async function finish(api: BedApi, claim: PersistentVolumeClaim, size: string): Promise<void> {
  await patchClaimStatus(api, claim, {
    capacity: { storage: size },
    conditions: null,
    allocatedResources: { storage: size },
    allocatedResourceStatuses: null,
  });
}

function resizing(): object {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  return { type: 'Resizing', status: 'True', lastTransitionTime: now, lastProbeTime: null };
}

async function patchClaimStatus(api: BedApi, claim: PersistentVolumeClaim, status: object): Promise<void> {
  const { namespace, name } = claim.metadata!;
  const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}/status`;
  await unless(404, api.send('PATCH', path, { status }, mergePatch));
}

/** Disks whose claim went away before a volume was written down for them. */
async function removeOrphans(
  dir: string,
  claims: PersistentVolumeClaim[],
  volumes: PersistentVolume[],
): Promise<void> {
  const known = new Set([...claims.map(volumeNameOf), ...volumes.map((volume) => volume.metadata?.name)]);
  for (const name of await listDisks(dir)) if (!known.has(name)) await deleteDisk(dir, name);
}

async function ensureClasses(api: BedApi, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const each of storageClasses) {
        await unless(409, api.send('POST', '/apis/storage.k8s.io/v1/storageclasses', each));
      }
      return;
    } catch (error) {
      console.error(`storage classes: ${String(error)}`);
      await delay(200);
    }
  }
}

async function unless(status: number, answer: Promise<unknown>): Promise<void> {
  try {
    await answer;
  } catch (error) {
    if (!(error instanceof BedApiError) || error.status !== status) throw error;
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { kubeconfig: { type: 'string' }, dir: { type: 'string' }, node: { type: 'string' } },
  });
  const { kubeconfig, dir, node } = values;
  if (!kubeconfig || !dir || !node) throw new Error('give --kubeconfig, --dir and --node');
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop.abort());
  await runProvisioner({ kubeconfig, dir, node }, stop.signal);
}
