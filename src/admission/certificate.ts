import { inspect } from '../tls/inspect.ts';
import type { ServerNames } from '../tls/names.ts';
import { leafDueAt } from '../tls/renewal.ts';

/** What the server shows. PEM. */
export interface ServedPair {
  readonly cert: string;
  readonly key: string;
}

/** The webhook's Secret, decoded. Each field is what somebody left there: nothing in it is believed unread. */
export interface StoredCertificate {
  /** `tls.crt`, `tls.key`: what is shown now. */
  readonly cert: string;
  readonly key: string;
  /** `ca.crt`: every authority that the API server is to trust. */
  readonly ca: string;
  /** `next.crt`, `next.key`: what will be shown once the API server trusts it; since when it is told to. */
  readonly next: (ServedPair & { readonly since: Date }) | undefined;
}

export type CertificateStep =
  /** Nothing that could be shown: made anew and shown at once. */
  | { readonly do: 'make' }
  /** The successor is made, and trusted beside the present one. */
  | { readonly do: 'makeNext' }
  | { readonly do: 'promote' }
  /** `until`: when to look again at the latest. */
  | { readonly do: 'nothing'; readonly until: Date };

/** How long a new authority is announced before a certificate of it is shown, to every replica and API server. */
export const OVERLAP_MS = 60 * 60 * 1000;

/**
 * The next step of the webhook's certificate, so that what any replica shows is trusted at every moment: a successor is
 * announced first and shown an hour later. Each certificate has an authority of its own, whose key is thrown away once
 * it has signed: there is no key to be stolen that could sign another. Until the next renewal the old authority stays
 * in the bundle; nothing can come of it.
 *
 * @param announced whether the webhook's configuration holds the whole bundle, as far as is known
 * @param seed spreads the renewals of clusters that were installed together
 */
export function certificateStep(
  stored: StoredCertificate | undefined,
  names: ServerNames,
  circumstances: { announced: boolean; overlapMs: number; seed: string },
  now: Date,
): CertificateStep {
  const shown = stored === undefined ? undefined : usable(stored, stored.ca, names, now);
  if (stored === undefined || shown === undefined) return { do: 'make' };
  if (stored.next === undefined || usable(stored.next, stored.ca, names, now) === undefined) {
    const due = leafDueAt(shown, circumstances.seed);
    return due <= now ? { do: 'makeNext' } : { do: 'nothing', until: due };
  }
  const promoteAt = new Date(stored.next.since.getTime() + circumstances.overlapMs);
  if (promoteAt > now) return { do: 'nothing', until: promoteAt };
  // When the announcement arrives, that is a change, and this is asked again.
  return circumstances.announced ? { do: 'promote' } : { do: 'nothing', until: shown.notAfter };
}

/** From when to when the pair can be shown; undefined when it cannot. */
function usable(
  pair: ServedPair,
  ca: string,
  names: ServerNames,
  now: Date,
): { notBefore: Date; notAfter: Date } | undefined {
  const found = inspect({ certPem: pair.cert, keyPem: pair.key, caPem: ca });
  if (typeof found === 'string' || found.keyMatches !== true || found.trustedBy === undefined)
    return undefined;
  if (!names.dnsNames.every((name) => found.leaf.dnsNames.includes(name))) return undefined;
  if (found.notAfter <= now || found.leaf.notBefore > now) return undefined;
  return { notBefore: found.leaf.notBefore, notAfter: found.notAfter };
}
