import type { Secret } from '../../kube/objects/kinds.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import { isSelfSigned } from '../../tls/inspect.ts';
import { readCertificates, writeCertificates } from '../../tls/pem.ts';
import { validateOwn, type OwnCertificate } from '../../tls/own-certificate.ts';
import type { Action } from '../decision/action.ts';
import { resting, type Outcome } from '../decision/outcome.ts';
import { FORMER } from './certificate.ts';
import { serviceHost } from '../access/connection.ts';
import { decode, encode } from '../world/secret-data.ts';
import { type Facts, type InForce } from '../world/facts.ts';
import { hashOf } from '../world/hash.ts';
import { childNames, ownedMeta } from '../world/names.ts';
import { STALLED_REASON } from '../../api/reasons.ts';
import { replacement, withIntentHash } from '../children/intent/merge.ts';
import { requiredNames } from '../access/in-force.ts';
import { wayIn } from '../access/way-in.ts';
import type { Refusal, Resolution } from '../decision/resolution.ts';
import type { World } from '../world/world.ts';

/** What the Secret that `spec.tls.certificateRef` names comes to. */
type Own =
  | { readonly own: 'Unknown' }
  | { readonly own: 'Refused'; readonly refusal: Refusal }
  | { readonly own: 'Accepted'; readonly certificate: OwnCertificate; readonly inForce: OwnInForce };
type OwnInForce = NonNullable<InForce['certificate']>;

const UNKNOWN_RETRY_MS = 1_000;

/**
 * The resolution with the user's certificate in it, refused while that cannot serve: then a database that shows an
 * earlier one goes on with its copy, and a first switch waits.
 */
export function withOwnCertificate(
  world: World,
  facts: Pick<Facts, 'inForce'>,
  resolution: Resolution,
  now: Date,
): Resolution | Outcome {
  const { target } = resolution;
  const own = ownOf(world, now);
  if (target === undefined || own === undefined) return resolution;
  if (own.own === 'Refused') return { target: undefined, refusal: own.refusal };
  if (target.tls !== 'Required') return resolution;
  if (own.own === 'Accepted') return { target: { ...target, certificate: own.inForce }, refusal: undefined };
  const before = facts.inForce?.certificate;
  return before?.name === world.addon.spec.tls?.certificateRef?.name && before !== undefined
    ? { target: { ...target, certificate: before }, refusal: undefined }
    : resting({ requeueAfterMs: UNKNOWN_RETRY_MS });
}

/** Whether the addon's TLS Secret is a copy of the user's, and what has to be done so that it is a good one. */
export function ownCopy(
  world: World,
  target: InForce,
  now: Date,
): { readonly action: Action | undefined } | undefined {
  const own = ownOf(world, now);
  const accepted = own?.own === 'Accepted' ? own : undefined;
  // Not known yet, a moment after the start: what is there stays.
  if (own?.own === 'Unknown') return { action: undefined };
  // A database that listens shows what is in force, whatever else the spec asks for meanwhile.
  if (target.tls === 'Required' && target.certificate === undefined) return undefined;
  if (target.certificate === undefined)
    return accepted && { action: copyAction(world, accepted.certificate) };
  return accepted?.inForce.trust === target.certificate.trust
    ? { action: copyAction(world, accepted.certificate) }
    : { action: undefined };
}

function copyAction(world: World, certificate: OwnCertificate): Action | undefined {
  const live = world.children.tlsSecret;
  const { certPem, keyPem, caPem } = certificate;
  const files: Record<string, string> = {
    'tls.crt': certPem,
    'tls.key': keyPem,
    ...(caPem === undefined ? {} : { 'ca.crt': caPem }),
  };
  const present = decode(live);
  const former = formerOf(present, certificate);
  if (former !== undefined) files[FORMER] = former;
  const same = ['tls.crt', 'tls.key', 'ca.crt'].every((key) => present[key] === files[key]);
  if (live !== undefined && same) return undefined;
  const metadata = ownedMeta(world.addon, childNames(world.addon.metadata.name).tlsSecret);
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    type: 'kubernetes.io/tls',
    data: encode(files),
  };
  return live === undefined
    ? { do: 'create', kind: kinds.Secret, object: withIntentHash(secret) }
    : {
        do: 'replace',
        kind: kinds.Secret,
        object: replacement(live, secret),
        why: 'spec.tls.certificateRef',
      };
}

function ownOf(world: World, now: Date): Own | undefined {
  const name = world.addon.spec.tls?.certificateRef?.name;
  if (name === undefined) return undefined;
  const found = world.ownCertificate ?? 'Unknown';
  if (found === 'Unknown') return { own: 'Unknown' };
  if (found === 'Missing') {
    const message = `spec.tls.certificateRef: the Secret ${name} does not exist in this namespace; make it, with tls.crt and tls.key, or remove the field.`;
    return { own: 'Refused', refusal: { reason: STALLED_REASON.certificateMissing, message } };
  }
  const host = serviceHost(world.addon, world.settings.clusterDomain);
  const outside = requiredNames(wayIn(world, now.getTime()));
  const decision = validateOwn(decode(found), [host, ...outside], now);
  if (!decision.accepted)
    return {
      own: 'Refused',
      refusal: { reason: STALLED_REASON.certificateRefused, message: decision.message },
    };
  const { certificate } = decision;
  return { own: 'Accepted', certificate, inForce: { name, trust: hashOf(anchorsOf(certificate)) } };
}

/**
 * Whom clients are told to trust: the roots, since what is between them and the server comes with each certificate.
 * Without any it is somebody whom they trust already, and a renewal is no news to them.
 */
function anchorsOf({ caPem = '' }: OwnCertificate): string {
  const authorities = readCertificates(caPem);
  if (typeof authorities === 'string') return caPem;
  const roots = authorities.filter(isSelfSigned);
  return roots.length === 0 ? caPem : writeCertificates(roots);
}

/**
 * Certificates that the database may still show: it reads a new one when it is started. Only they tell the operator
 * whom it talks to, where there is no root.
 */
function formerOf(
  present: Readonly<Record<string, string>>,
  { certPem, caPem }: OwnCertificate,
): string | undefined {
  const known = present['tls.crt'];
  if (caPem !== undefined || present['ca.crt'] !== undefined || known === undefined) return undefined;
  const former = readCertificates(`${known === certPem ? '' : known}${present[FORMER] ?? ''}`);
  return typeof former === 'string' ? undefined : writeCertificates(former.slice(0, MAX_FORMER));
}

const MAX_FORMER = 12;
