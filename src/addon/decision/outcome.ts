import type { InfluxAddonStatus } from '../../api/influx-addon.ts';
import { READY_REASON, STALLED_REASON } from '../../api/reasons.ts';
import type { Facts } from '../world/facts.ts';
import type { Finding } from '../world/memory.ts';
import type { World } from '../world/world.ts';
import type { Action, Announcement } from './action.ts';
import { blockedPicture, NOTHING_NEW, type Picture } from './picture.ts';
import type { Refusal } from './resolution.ts';

/** How a pass ends. */
export type Outcome = Acting | Telling | Resting;

/** There is something to do; then it is decided again. */
export interface Acting {
  readonly ends: 'Act';
  readonly actions: readonly Action[];
  readonly events: readonly Announcement[];
}

/** Everything is done that can be done now: status says this, and it is looked at again when told. */
export interface Telling extends Again {
  readonly ends: 'Tell';
  readonly picture: Picture;
  /** Maintenance that had begun is not under way any more: it would count as broken, and go on outside its window. */
  readonly interrupts?: true;
  /** No events are made of it, and nothing but `requeueAfterMs` wakes it. */
  readonly quietly?: true;
}

/** There is nothing new to say, or exactly this status. */
export interface Resting extends Again {
  readonly ends: 'Rest';
  readonly status?: InfluxAddonStatus;
}

interface Again {
  /** What is being waited for, so that the wait can be timed. */
  readonly waitingFor?: string | undefined;
  readonly requeueAfterMs?: number | undefined;
}

export function acting(actions: readonly Action[], events: readonly Announcement[] = []): Acting {
  return { ends: 'Act', actions, events };
}

export function telling(picture: Picture, again: Again = {}): Telling {
  return { ends: 'Tell', picture, ...again };
}

export function resting(again: Again = {}): Resting {
  return { ends: 'Rest', ...again };
}

/** Something comes by itself in a moment, before there can be a database. */
export function waiting(what: string): Telling {
  const picture: Picture = {
    ...NOTHING_NEW,
    ready: { status: false, reason: READY_REASON.provisioning, message: `Waiting for ${what}.` },
    available: { status: false, reason: READY_REASON.provisioning, message: 'there is no database yet' },
    reconciling: true,
  };
  return telling(picture, { waitingFor: what, requeueAfterMs: 5_000 });
}

/** Something that the rest builds on may not be made or changed: the database goes on as it is, and is not asked. */
export function heldBack(
  world: World,
  {
    facts,
    unimplemented,
    refusal,
  }: { facts: Facts | undefined; unimplemented: readonly string[]; refusal: Refusal | undefined },
  finding: Finding | undefined,
): Telling {
  const available = world.addon.status?.conditions?.find(({ type }) => type === 'Available');
  const why = refusal ?? finding ?? { reason: STALLED_REASON.rejected, message: 'there is no admin Secret' };
  const blocked = blockedPicture(world, { reason: why.reason, message: why.message }, facts, unimplemented);
  if (available === undefined) return telling(blocked);
  const ready = world.pod?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
  const status = available.status === 'True' && ready;
  const message = status ? available.message : 'the pod of the database is not ready';
  return telling({ ...blocked, available: { ...available, status, message } });
}
