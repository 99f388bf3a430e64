import {
  compareWaiting,
  countFleet,
  NEEDS_MINUTES,
  waitingAt,
  type FleetCount,
  type FleetLimits,
  type FleetMember,
  type Waiting,
} from './fleet.ts';
import { SortedList } from './sorted-list.ts';
import { usableChangesAt } from './window.ts';

/** A moment at which a member may begin or cease to wait for its turn. */
interface Turn {
  readonly atMs: number;
  readonly uid: string;
}

/**
 * What the brake has to know of the whole fleet, kept up to date from one change to the next: a look takes O(log n),
 * and time in proportion to those that are in maintenance, of which the brake allows few. Nothing in it is more than
 * the members' own statuses say: a new process builds the same.
 */
export class FleetSummary {
  readonly #members = new Map<string, FleetMember>();
  /** Whose maintenance has begun though that is still on its way into the status. */
  readonly #beginning = new Map<string, Date>();
  /** Those with a startedAt. */
  readonly #started = new Map<string, FleetMember>();
  /** Those who wait for their turn at `#nowMs`, by uid and in order. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #queue = new SortedList<Waiting>(compareWaiting);
  /** For each member whose time comes or goes: when it has to be looked at next. */
  readonly #turns = new Map<string, Turn>();
  readonly #nextTurns = new SortedList<Turn>(
    (a, b) => a.atMs - b.atMs || (a.uid < b.uid ? -1 : Number(a.uid > b.uid)),
  );
  #nowMs = 0;

  /** Takes the present state of a member. */
  put(told: FleetMember): void {
    const { uid } = told;
    const startedAt = told.startedAt ?? this.#beginning.get(uid);
    const member = { ...told, startedAt };
    this.#unplace(uid);
    this.#members.set(uid, member);
    if (startedAt === undefined) this.#started.delete(uid);
    else this.#started.set(uid, member);
    this.#place(member);
  }

  remove(uid: string): void {
    this.#members.delete(uid);
    this.#started.delete(uid);
    this.#unplace(uid);
  }

  /**
   * It begins, and whoever is decided next has to count it, before anything is waited for. Ended by the function that
   * is returned, when the status has been written or could not be: what `put` was told last counts again.
   */
  begin(uid: string, at: Date): (member: FleetMember | undefined) => void {
    this.#beginning.set(uid, at);
    const present = this.#members.get(uid);
    if (present !== undefined) this.put(present);
    return (member) => {
      this.#beginning.delete(uid);
      if (member === undefined) this.remove(uid);
      else this.put(member);
    };
  }

  get(uid: string): FleetMember | undefined {
    return this.#members.get(uid);
  }

  count(limits: FleetLimits, now: Date): FleetCount {
    return countFleet(this.#started.values(), limits, now);
  }

  /** How many wait before this one: all of them for one that does not wait itself. */
  ahead(uid: string, now: Date): number {
    this.#advance(now);
    const place = this.#waiting.get(uid);
    return place === undefined ? this.#queue.length : this.#queue.rank(place);
  }

  /** The UIDs of those whose turn it is when so many may begin. */
  first(count: number, now: Date): string[] {
    this.#advance(now);
    return this.#queue.first(count).map(({ uid }) => uid);
  }

  #advance(now: Date): void {
    const nowMs = now.getTime();
    if (nowMs < this.#nowMs && this.#nowMs - nowMs < SKEW_MS) return;
    const back = nowMs < this.#nowMs;
    this.#nowMs = nowMs;
    if (back) {
      // A clock that was set back: whose time had come may have it before them again.
      for (const member of this.#members.values()) this.#replace(member);
      return;
    }
    for (;;) {
      const [next] = this.#nextTurns.first(1);
      if (next === undefined || next.atMs > nowMs) return;
      const member = this.#members.get(next.uid);
      if (member !== undefined) this.#replace(member);
    }
  }

  #replace(member: FleetMember): void {
    this.#unplace(member.uid);
    this.#place(member);
  }

  #place(member: FleetMember): void {
    const now = new Date(this.#nowMs);
    const { uid } = member;
    const waiting = waitingAt(member, now);
    if (waiting !== undefined) {
      this.#waiting.set(uid, waiting);
      this.#queue.add(waiting);
    }
    const atMs = nextTurnMs(member, now);
    if (atMs === undefined) return;
    const turn = { atMs, uid };
    this.#turns.set(uid, turn);
    this.#nextTurns.add(turn);
  }

  #unplace(uid: string): void {
    const waiting = this.#waiting.get(uid);
    if (waiting !== undefined) this.#queue.remove(waiting);
    this.#waiting.delete(uid);
    const turn = this.#turns.get(uid);
    if (turn !== undefined) this.#nextTurns.remove(turn);
    this.#turns.delete(uid);
  }
}

/** A clock that is kept in step goes back by a little now and then: no reason to look at everybody. */
const SKEW_MS = 1_000;

/** When the answer of `waitingAt` may change by time alone. */
function nextTurnMs({ startedAt, wish }: FleetMember, now: Date): number | undefined {
  if (startedAt !== undefined || wish === undefined || wish.asked) return undefined;
  const { deadline, window } = wish;
  if (deadline !== undefined && deadline <= now) return undefined;
  const change = window === undefined ? undefined : usableChangesAt(window, now, NEEDS_MINUTES);
  const times = [deadline, change].flatMap((each) => (each === undefined ? [] : [each.getTime()]));
  return times.length === 0 ? undefined : Math.min(...times);
}
