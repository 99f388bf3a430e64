import { authorityDueAt, type Lifetime } from './renewal.ts';

/** An authority in its course: made, trusted by everybody, signing, trusted still, dropped. */
export interface KnownAuthority extends Lifetime {
  /** Fingerprint of its certificate. */
  readonly id: string;
}

/** The authorities that there are. All of them are trusted: together they are what `ca.crt` of every addon holds. */
export interface Authorities {
  /** Signs the certificates of databases; undefined only before the first was made. */
  readonly signing: KnownAuthority | undefined;
  /** Made to follow `signing`: trusted since a time, signs nothing yet. */
  readonly next: (KnownAuthority & { readonly trustedSince: Date }) | undefined;
  /** Signed until a time; trusted until nothing shows a certificate of it any more. */
  readonly former: (KnownAuthority & { readonly signedUntil: Date }) | undefined;
}

/** How far the fleet has followed; counted from the addons' status and Secrets. */
export interface Followers {
  /** Addons whose applications may not trust `next` yet. */
  readonly withoutNext: number;
  /** Addons whose database shows, or whose Secret holds, a certificate of `former`. */
  readonly onFormer: number;
}

export type RolloverStep =
  /** The very first authority: it signs at once, since nobody trusts another. */
  | { readonly do: 'makeFirst' }
  /** A successor is made and put beside the present one into every copy of the bundle. */
  | { readonly do: 'makeNext' }
  /** The successor signs from now on, the present one becomes `former`; certificates are made anew, see leafFault. */
  | { readonly do: 'promote'; readonly behind: number }
  /** The former one leaves the bundle, and its key is deleted. */
  | { readonly do: 'dropFormer'; readonly behind: number }
  /** `until`: when to look again at the latest. */
  | { readonly do: 'nothing'; readonly until: Date };

/** Times that a roll-over takes, in days. */
export interface RolloverPace {
  /** Between making a successor and letting it sign: two maintenance windows of every addon, for restarts of apps. */
  readonly trustDays: number;
  /** Between the last signature of an authority and dropping it, even when nothing shows a certificate of it. */
  readonly dropDays: number;
  /** The longest life of a certificate that it signed: after that long nothing of it can be in force. */
  readonly leafDays: number;
}

export const ROLLOVER_PACE: RolloverPace = { trustDays: 15, dropDays: 15, leafDays: 365 };

/**
 * The next step of replacing the authority, so that at every moment whatever a database shows is trusted by every
 * application: first the successor is trusted everywhere, then it signs, and when nothing of the old one is left, the
 * old one is no longer trusted. What a step changes is in `Authorities`, so a crash repeats a step at worst, and a
 * step is never undone: a successor that was made is promoted, and one that was dropped is forgotten.
 *
 * @param asked somebody wants a successor now; one that is on its way comes to its end first
 */
export function rolloverStep(
  authorities: Authorities,
  followers: Followers,
  now: Date,
  pace: RolloverPace = ROLLOVER_PACE,
  asked = false,
): RolloverStep {
  const { signing, next, former } = authorities;
  if (signing === undefined) return { do: 'makeFirst' };
  // One change at a time: a bundle never holds more than the old and the new, so a second successor has to wait.
  if (former !== undefined) {
    const goneAt = earliest(former.notAfter, later(former.signedUntil, pace.leafDays));
    if (goneAt <= now) return { do: 'dropFormer', behind: followers.onFormer };
    const dropAt = later(former.signedUntil, pace.dropDays);
    if (followers.onFormer === 0 && dropAt <= now) return { do: 'dropFormer', behind: 0 };
    return { do: 'nothing', until: followers.onFormer === 0 ? earliest(dropAt, goneAt) : goneAt };
  }
  if (next === undefined) {
    const due = authorityDueAt(signing);
    return asked || due <= now ? { do: 'makeNext' } : { do: 'nothing', until: due };
  }
  const promoteAt = later(next.trustedSince, pace.trustDays);
  const latest = lastPromotion(signing);
  if (signing.notAfter <= now) return { do: 'promote', behind: followers.withoutNext };
  if (promoteAt <= now && (followers.withoutNext === 0 || latest <= now)) {
    return { do: 'promote', behind: followers.withoutNext };
  }
  const until = promoteAt > now ? promoteAt : latest;
  return { do: 'nothing', until: earliest(until, signing.notAfter) };
}

/** Identities of all that are trusted, the one that signs first. */
export function trustedIds({ signing, next, former }: Authorities): string[] {
  return [signing, next, former].flatMap((each) => (each === undefined ? [] : [each.id]));
}

/**
 * What of the bundle an application's restart depends on: the newest authority. It changes once in a roll-over, when
 * the successor appears; that the old one goes later asks for no restart, since trusting it harms nobody.
 */
export function trustRevision({ signing, next }: Authorities): string | undefined {
  return next?.id ?? signing?.id;
}

/**
 * Applications that do not follow (paused, gone) hold a roll-over up until five sixths of the authority's life: from
 * then on everybody's certificates would get short, and those that stayed behind lose their trust in any case.
 */
function lastPromotion({ notBefore, notAfter }: Lifetime): Date {
  return new Date(notBefore.getTime() + ((notAfter.getTime() - notBefore.getTime()) * 5) / 6);
}

function later(from: Date, days: number): Date {
  return new Date(from.getTime() + days * DAY_MS);
}

function earliest(a: Date, b: Date): Date {
  return a < b ? a : b;
}

const DAY_MS = 24 * 60 * 60 * 1000;
