import { stateOf } from '../../api/addon-defaults.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Inspection } from '../../tls/inspect.ts';
import type { ShownCertificate } from '../../influx/transport.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { InForce } from '../world/facts.ts';
import type { Trust } from '../world/world.ts';

// How one addon follows a roll-over of the authority, and its loss: first its apps learn of the new one, by a restart
// in the window; then its database shows a certificate of it. Until then it shows one of the old, which is trusted
// beside the new for as long as anybody shows one.

/** Whether clients have to trust the operator's authority to verify this database. */
export function usesAuthority(target: InForce): boolean {
  return target.tls === 'Required' && target.certificate === undefined;
}

/**
 * The authority that apps are to know of: the newest for whoever is changed, started or maintained anyway, and else the
 * one that they were restarted for.
 */
export function authorityOf(
  target: InForce,
  before: InForce | undefined,
  trust: Trust | undefined,
  moves: boolean,
): Pick<InForce, 'authority'> {
  if (!usesAuthority(target)) return {};
  const authority = moves ? (trust?.revision ?? before?.authority) : (before?.authority ?? trust?.revision);
  return authority === undefined ? {} : { authority };
}

/** Whether apps that were restarted for an authority trust what another one signed: it was in the bundle then. */
export function isTrustedBy({ authority }: InForce, signer: string | undefined, trust: Trust): boolean {
  const { ages } = trust;
  // One that is not known any more was there before all that are, and the oldest of these may have been there too.
  const known = Math.max(ages.indexOf(authority ?? ''), 0);
  const of = ages.indexOf(signer ?? '');
  return of >= 0 && of <= known;
}

/** The newest authority is in force for this addon, and every app of it runs with that. */
export function isFollowing(
  { status, metadata }: Live<InfluxAddon>,
  target: InForce,
  authority: string,
): boolean {
  const is = (type: string, value: string) =>
    status?.conditions?.some((each) => each.type === type && each.status === value) ?? false;
  // Only a status with Ready speaks of apps that were looked at with the present target.
  return (
    target.authority === authority &&
    is('Ready', 'True') &&
    !is('AppsCurrent', 'False') &&
    status?.observedGeneration === metadata.generation &&
    status?.maintenance?.startedAt === undefined
  );
}

/** That apps have to learn of another authority, and until when that can wait; undefined when they need not. */
export function authorityWish(
  target: InForce,
  trust: Trust | undefined,
  stored: Pick<Inspection, 'leaf' | 'trustedBy'> | undefined,
  shown: ShownCertificate | undefined,
): { readonly latest: Date | undefined } | undefined {
  if (trust === undefined || !usesAuthority(target) || target.authority === trust.revision) return undefined;
  if (stored === undefined) return { latest: undefined };
  // Its Secret was lost with the authority, and then it was started: apps refuse what it shows.
  const refused =
    shown?.fingerprint === stored.leaf.fingerprint &&
    !isTrustedBy(target, stored.trustedBy?.fingerprint, trust);
  if (refused) return { latest: stored.leaf.notBefore };
  return { latest: new Date(stored.leaf.notAfter.getTime() - LEARN_BEFORE_MS) };
}

/**
 * Whether the certificate in the Secret stays though another authority signs now, or though it is due: clients that
 * are connected with TLS would not trust its successor yet. Not until its last days: then a certificate of somebody
 * unknown serves those who read `ca.crt` anew, and one that has ended serves nobody.
 */
export function isHeld(
  addon: Live<InfluxAddon>,
  target: InForce,
  trust: Trust,
  stored: Pick<Inspection, 'leaf' | 'trustedBy'>,
  now: Date,
): boolean {
  const signer = stored.trustedBy?.fingerprint;
  if (!usesAuthority(target) || signer === undefined || signer === trust.signingId) return false;
  // Nobody is connected with TLS: apps are restarted before they are.
  if (addon.status?.endpoint?.startsWith('https:') !== true || stateOf(addon) === 'Stopped') return false;
  if (stored.leaf.notAfter.getTime() - now.getTime() < RENEW_BEFORE_MS) return false;
  return !isTrustedBy(target, trust.signingId, trust) || !isFollowing(addon, target, trust.revision);
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Before its successor is made regardless, which is before its restart can wait no longer (see renewal.ts). */
const RENEW_BEFORE_MS = 4 * DAY_MS;
const LEARN_BEFORE_MS = 6 * DAY_MS;
