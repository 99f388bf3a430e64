import { compareQuantities, unitsOf } from '../../kube/objects/quantity.ts';
import { growthRate, secondsUntilFull } from '../../limits/forecast.ts';
import { diskUsed, storageLevel, type StorageLevel, usableBytes } from '../../limits/storage.ts';
import { LIMIT_REASON } from '../../api/reasons.ts';
import type { World } from '../world/world.ts';
import { isTold, toldOf } from './condition.ts';

export const STORAGE_FILLING = 'StorageFilling';

export interface StoragePicture {
  readonly level: StorageLevel;
  readonly usedBytes: number;
  readonly rate: number | undefined;
  readonly secondsUntilFull: number | undefined;
}

/** How full the volume is; undefined while that is not known. */
export function storagePicture(world: World): StoragePicture | undefined {
  const { measured } = world.memory;
  const volume = sizesOfVolume(world);
  if (measured?.figures === undefined || volume === undefined) return undefined;
  const usedBytes = diskUsed(measured.figures);
  const rate = growthRate(measured.samples);
  const untilFull = secondsUntilFull(rate, usableBytes(volume.actualBytes) - usedBytes);
  const figures = {
    usedBytes,
    volumeBytes: volume.actualBytes,
    secondsUntilFull: untilFull,
    rateKnown: rate !== undefined,
  };
  const isFull = measured.full && measured.volumeBytes === volume.actualBytes;
  const level = isFull ? 'Full' : storageLevel(levelTold(world), figures);
  return { level, usedBytes, rate, secondsUntilFull: untilFull };
}

function levelTold(world: World): StorageLevel {
  const told = toldOf(world, STORAGE_FILLING);
  if (!isTold(told)) return 'Within';
  return told.reason === LIMIT_REASON.volumeFull ? 'Full' : 'Filling';
}

/** Bytes of the volume as asked for and as it is; undefined while there is none. */
export function sizesOfVolume({
  children: { claim },
}: World): { readonly requestedBytes: number; readonly actualBytes: number } | undefined {
  const requested = claim?.spec?.resources?.requests?.['storage'];
  const actual = claim?.status?.capacity?.['storage'];
  if (requested === undefined || actual === undefined || claim?.metadata.deletionTimestamp !== undefined)
    return undefined;
  // A volume may be given larger than it was asked for.
  const most = compareQuantities(requested, actual) > 0 ? requested : actual;
  return { requestedBytes: unitsOf(most), actualBytes: unitsOf(actual) };
}

/** The storage class says that its volumes can grow; one that is not there says nothing. */
export function isExpandable({ children, storageClasses }: World): boolean {
  return storageClasses.expandable?.includes(children.claim?.spec?.storageClassName ?? '') ?? false;
}
