import { createHash } from 'node:crypto';
import type { CertificateFacts, Inspection } from './inspect.ts';
import { octetsOf } from './ip-address.ts';
import type { ServerNames } from './names.ts';

/** From when to when a certificate is in force. */
export interface Lifetime {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Why the certificate of a database is made anew. */
export type LeafFault = 'Missing' | 'NotOurs' | 'OtherNames' | 'OtherAuthority' | 'Due';

/**
 * Why the certificate in a database's Secret has to be made anew now, or `undefined`. The new one goes into the
 * Secret at once, whatever the window, unless apps do not trust its authority yet: to those that do it does no harm
 * there, and any later start of the database picks it up.
 *
 * @param stored what is in the Secret, looked at together with all trusted authorities; undefined when unreadable
 * @param uid of the addon: spreads the renewals of certificates that were made together
 */
export function leafFault(
  stored: Pick<Inspection, 'leaf' | 'keyMatches' | 'trustedBy'> | undefined,
  wanted: {
    readonly names: ServerNames;
    /** Fingerprint of the authority that signs now, and those of all that are trusted. */
    readonly signing: string;
    readonly trusted: readonly string[];
  },
  uid: string,
  now: Date,
): LeafFault | undefined {
  if (stored === undefined || stored.keyMatches !== true) return 'Missing';
  const { leaf, trustedBy } = stored;
  if (trustedBy === undefined || !wanted.trusted.includes(trustedBy.fingerprint)) return 'NotOurs';
  // Names that are no longer asked for do not matter until the certificate is renewed anyway.
  if (!wanted.names.dnsNames.every((name) => leaf.dnsNames.includes(name))) return 'OtherNames';
  if (!wanted.names.ipAddresses.every((address) => contains(leaf.ipAddresses, address))) return 'OtherNames';
  if (trustedBy.fingerprint !== wanted.signing) return 'OtherAuthority';
  return leafDueAt(leaf, uid) <= now ? 'Due' : undefined;
}

/** When a certificate is to be renewed: at two thirds of its life, or up to a twelfth of it before, by UID. */
export function leafDueAt(leaf: Lifetime, uid: string): Date {
  const life = leaf.notAfter.getTime() - leaf.notBefore.getTime();
  return new Date(leaf.notBefore.getTime() + life * (2 / 3 - share(uid) / 12));
}

/** Two thirds of an authority's life: when its successor is to be made. */
export function authorityDueAt(authority: Lifetime): Date {
  const life = authority.notAfter.getTime() - authority.notBefore.getTime();
  return new Date(authority.notBefore.getTime() + (life * 2) / 3);
}

/**
 * Whether a running database has to be restarted to show the certificate in its Secret. Engines up to 1.12.2 read
 * certificates at the start and only then; later ones also at a SIGHUP, which nobody sends them here and which kills
 * the earlier ones.
 *
 * @param shown the certificate that the database read when it started; undefined when it runs without TLS
 * @returns until when the restart may wait for a window: afterwards clients would soon be refused
 */
export function restartForLeaf(
  shown: Pick<CertificateFacts, 'fingerprint' | 'notAfter'> | undefined,
  stored: Pick<CertificateFacts, 'fingerprint'>,
): { readonly latest: Date } | undefined {
  if (shown === undefined || shown.fingerprint === stored.fingerprint) return undefined;
  return { latest: new Date(shown.notAfter.getTime() - LAST_CHANCE_MS) };
}

/** Long enough for a fleet to be taken through a few at a time. */
const LAST_CHANCE_MS = 3 * 24 * 60 * 60 * 1000;

/** At least 0 and less than 1, always the same for a UID. */
function share(uid: string): number {
  return createHash('sha256').update(`leaf ${uid}`).digest().readUInt32BE(0) / 2 ** 32;
}

/** Certificates are printed with another spelling of IPv6 than people write. */
function contains(addresses: readonly string[], wanted: string): boolean {
  const octets = octetsOf(wanted);
  return octets !== undefined && addresses.some((each) => octetsOf(each)?.equals(octets) === true);
}
