import type { InfluxTls } from '../../influx/transport.ts';
import { serviceHost } from '../access/connection.ts';
import { type CertificateNeed } from '../decision/action.ts';
import type { Secret } from 'kubernetes-types/core/v1.js';
import { inspect, type Inspection } from '../../tls/inspect.ts';
import { serviceNames } from '../../tls/names.ts';
import { leafFault } from '../../tls/renewal.ts';
import type { Trust, World } from '../world/world.ts';
import { isHeld } from './follow.ts';
import { decode } from '../world/secret-data.ts';
import { type InForce } from '../world/facts.ts';
import { childNames } from '../world/names.ts';

/**
 * Whether the certificate in the addon's Secret has to be made or completed; undefined when it is good.
 *
 * @param outside host names and addresses beside those of the Service inside the cluster
 */
export function certificateNeed(
  world: World,
  target: InForce,
  trust: Trust,
  now: Date,
  outside: readonly string[] = [],
): CertificateNeed | undefined {
  const { name, namespace = '', uid } = world.addon.metadata;
  const names = serviceNames(childNames(name).service, namespace, world.settings.clusterDomain, outside);
  const files = decode(world.children.tlsSecret);
  const found = inspected(world.children.tlsSecret, trust.bundlePem);
  const stored = typeof found === 'string' || found.keyMatches !== true ? undefined : found;
  const wanted = { names, signing: trust.signingId, trusted: trust.trustedIds };
  const fault = leafFault(stored, wanted, uid, now);
  const kept =
    (fault === 'OtherAuthority' || fault === 'Due') &&
    stored !== undefined &&
    isHeld(world.addon, target, trust, stored, now);
  if (fault !== undefined && !kept) return { names, why: fault, keepLeaf: false };
  return files['ca.crt'] === trust.bundlePem ? undefined : { names, why: 'OtherBundle', keepLeaf: true };
}

/** What is in the Secret, looked at together with all trusted authorities; undefined when it is not a certificate. */
export function storedCertificate({ children, trust }: World): Inspection | undefined {
  const found = inspected(children.tlsSecret, trust?.bundlePem ?? decode(children.tlsSecret)['ca.crt'] ?? '');
  return typeof found === 'string' ? undefined : found;
}

/** In the addon's TLS Secret: certificates without a root that were in tls.crt before the present one. */
export const FORMER = 'former.crt';

/** Whom the operator trusts when it asks the database: without authorities, what the database shows is in the Secret. */
export function trustedBy(secret: Secret | undefined): string | undefined {
  const files = decode(secret);
  return files['ca.crt'] ?? (files['tls.crt'] && `${files['tls.crt']}${files[FORMER] ?? ''}`);
}

/** How to speak to a database that runs with this; undefined without TLS, and while nobody knows whom to trust. */
export function tlsAccess(
  { addon, children, settings }: Pick<World, 'addon' | 'children' | 'settings'>,
  inForce: Pick<InForce, 'tls'> | undefined,
): InfluxTls | undefined {
  const ca = trustedBy(children.tlsSecret);
  if (inForce?.tls !== 'Required' || ca === undefined) return undefined;
  return { ca, servername: serviceHost(addon, settings.clusterDomain) };
}

/** The end of the certificate in the Secret, RFC 3339. */
export function certificateEnd(secret: Secret | undefined): string | undefined {
  const found = inspect({ certPem: decode(secret)['tls.crt'] ?? '' });
  return typeof found === 'string' ? undefined : found.leaf.notAfter.toISOString();
}

const inspections = new WeakMap<Secret, { readonly bundle: string; readonly found: Inspection | string }>();

/** Remembered for as long as Secret and bundle are the same: every look at an addon asks, and signatures take a while. */
function inspected(secret: Secret | undefined, bundle: string): Inspection | string {
  const known = secret === undefined ? undefined : inspections.get(secret);
  if (known?.bundle === bundle) return known.found;
  const files = decode(secret);
  const found = inspect({ certPem: files['tls.crt'] ?? '', keyPem: files['tls.key'] ?? '', caPem: bundle });
  if (secret !== undefined) inspections.set(secret, { bundle, found });
  return found;
}
