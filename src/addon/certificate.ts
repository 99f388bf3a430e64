import type { Secret } from 'kubernetes-types/core/v1.js';
import { inspect, type Inspection } from '../tls/inspect.ts';
import { serviceNames, type ServerNames } from '../tls/names.ts';
import { leafFault } from '../tls/renewal.ts';
import type { Trust } from './authority/authorities.ts';
import { decode } from './facts.ts';
import { childNames } from './names.ts';
import type { World } from './world.ts';

/** What is wrong with an addon's certificate, and what a good one has to be for. */
export interface CertificateNeed {
  readonly names: ServerNames;
  readonly why: string;
  /** Certificate and key stay; only the authorities beside them are out of date. */
  readonly keepLeaf: boolean;
}

/** Whether the certificate in the addon's Secret has to be made or completed; undefined when it is good. */
export function certificateNeed(world: World, trust: Trust, now: Date): CertificateNeed | undefined {
  const { name, namespace = '', uid } = world.addon.metadata;
  const names = serviceNames(childNames(name).service, namespace, world.settings.clusterDomain);
  const files = decode(world.children.tlsSecret);
  const found = inspected(world.children.tlsSecret, trust.bundlePem);
  const stored = typeof found === 'string' || found.keyMatches !== true ? undefined : found;
  const wanted = { names, signing: trust.signingId, trusted: trust.trustedIds };
  const fault = leafFault(stored, wanted, uid, now);
  if (fault !== undefined) return { names, why: fault, keepLeaf: false };
  return files['ca.crt'] === trust.bundlePem ? undefined : { names, why: 'OtherBundle', keepLeaf: true };
}

/** Whom the operator trusts when it asks the database: without authorities, what the database shows is in the Secret. */
export function trustedBy(secret: Secret | undefined): string | undefined {
  const files = decode(secret);
  return files['ca.crt'] ?? files['tls.crt'];
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
