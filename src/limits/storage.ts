import { isHigh, type Band } from './hysteresis.ts';

/** What an engine tells of a database's files. */
export interface FilesOfDatabase {
  /** Points, compacted and in the write-ahead log. */
  readonly dataBytes: number;
  readonly shards: number;
  readonly series: number;
}

const KiB = 1024;

/**
 * Bytes that a database takes on its volume. The engine counts its points and not their index: the rest is reckoned
 * at what was measured on 1.6.7 to 1.8.10, 64 bytes a series and 128 KiB a shard.
 */
export function diskUsed({ dataBytes, shards, series }: FilesOfDatabase): number {
  return dataBytes + shards * 128 * KiB + series * 64;
}

/**
 * Of a volume's size, what can be filled with data: file systems keep 2 to 7 % for themselves (ext4 sets aside 5 % for
 * root), and the engine's figures may be a few percent too low.
 */
export function usableBytes(volumeBytes: number): number {
  return volumeBytes * 0.9;
}

/**
 * `Filling`: four fifths are used, or all will be in three days. The last fifth is not to be relied on: a compaction
 * writes the files of a shard anew beside the old ones. `Full`: writes are refused, or are about to be.
 */
export type StorageLevel = 'Within' | 'Filling' | 'Full';

const FILLING: Band = { on: 0.8, off: 0.7 };
const FULL: Band = { on: 0.97, off: 0.93 };
/** A volume that is half empty is not called filling, whatever a busy hour suggests. */
const HALF = 0.5;
const DAY_S = 86_400;
const SOON: Band = { on: 1 / (3 * DAY_S), off: 1 / (7 * DAY_S) };

export interface StorageFigures {
  readonly usedBytes: number;
  readonly volumeBytes: number;
  /** Until all is used; undefined when that is not to be seen. */
  readonly secondsUntilFull: number | undefined;
  /** Whether it has been looked at long enough to tell how fast it grows. */
  readonly rateKnown: boolean;
}

export function storageLevel(before: StorageLevel, figures: StorageFigures): StorageLevel {
  const share = figures.usedBytes / usableBytes(figures.volumeBytes);
  if (isHigh(before === 'Full', share, FULL)) return 'Full';
  if (isHigh(before !== 'Within', share, FILLING)) return 'Filling';
  return isFillingSoon(before !== 'Within', share, figures) ? 'Filling' : 'Within';
}

function isFillingSoon(
  before: boolean,
  share: number,
  { secondsUntilFull, rateKnown }: StorageFigures,
): boolean {
  if (share < HALF) return false;
  // After a restart of the operator it takes a while to know again what was known.
  if (!rateKnown) return before;
  return secondsUntilFull !== undefined && isHigh(before, 1 / Math.max(1, secondsUntilFull), SOON);
}

/** On a volume of this size the database would not be told the same again. */
export function hasRoomForData(volumeBytes: number, usedBytes: number): boolean {
  return usedBytes / usableBytes(volumeBytes) < FILLING.off;
}
