import { type WaveLimits } from '../world/settings.ts';

/** What a wave is decided from: one entry for each app, in the order of the spec. */
export interface WaveApp {
  /** A restart is due. */
  readonly due: boolean;
  /** It is its second restart, which comes when the pods of before are gone. */
  readonly again?: boolean | undefined;
  /** RolledOut: every pod runs the present template. Held: its pods are replaced only when somebody lets them. */
  readonly rollout: 'RolledOut' | 'RollingOut' | 'Held';
  /** When this addon restarted it, if it has not been seen rolled out since; milliseconds since the epoch. */
  readonly restartedMs: number | undefined;
}

export interface Wave {
  /** Positions of the apps that may be restarted now. */
  readonly next: ReadonlySet<number>;
  /** Positions of the apps that were restarted and have yet to come up. */
  readonly coming: readonly number[];
  /** Of these, the ones that are late; the others wait for them, however long. */
  readonly late: readonly number[];
  /** When one that is coming will be late. */
  readonly lateAtMs: number | undefined;
}

/**
 * Which apps are restarted next: a wave begins when all of the one before are rolled out, so that a change that an app
 * does not survive reaches no more than `atOnce` of them. Healthy apps come first: one that was broken before can
 * then hold up nobody but itself.
 */
export function nextWave(apps: readonly WaveApp[], limits: WaveLimits, nowMs: number): Wave {
  const positions = apps.map((_, position) => position);
  const app = (position: number) => apps[position] as WaveApp;
  const coming = positions.filter((position) => isComing(app(position)));
  // Pods of one app keep what another may have got before: nobody is restarted once more before all were once.
  const first = positions.filter((position) => app(position).due && app(position).again !== true);
  const isFirst = first.length > 0 || coming.length > 0;
  const due = isFirst ? first : positions.filter((position) => app(position).due);
  // Neither goes from running to not running by it: one is down already, the other stays as it is.
  const free = due.filter((position) => isComing(app(position)) || app(position).rollout === 'Held');
  const ordered = due
    .filter((position) => !free.includes(position))
    .toSorted((a, b) => Number(app(b).rollout === 'RolledOut') - Number(app(a).rollout === 'RolledOut'));
  const wave = coming.length === 0 ? ordered.slice(0, limits.atOnce) : [];
  const ends = coming
    .filter((position) => !app(position).due)
    .map((position) => lateAt(app(position), limits, nowMs));
  return {
    next: new Set([...free, ...wave]),
    coming,
    late: coming.filter((position) => !app(position).due && lateAt(app(position), limits, nowMs) <= nowMs),
    lateAtMs: ends.filter((ms) => ms > nowMs).toSorted((a, b) => a - b)[0],
  };
}

function isComing({ rollout, restartedMs }: WaveApp): boolean {
  return rollout === 'RollingOut' && restartedMs !== undefined;
}

/** A clock that was set back makes nobody wait longer than from now. */
function lateAt({ restartedMs = 0 }: WaveApp, { deadlineMs }: WaveLimits, nowMs: number): number {
  return Math.min(restartedMs, nowMs) + deadlineMs;
}
