import { stateOf } from '../../api/addon-defaults.ts';
import type { InfluxTls } from '../../influx/transport.ts';
import { certificateNames } from '../access/in-force.ts';
import type { WayIn } from '../access/way-in.ts';
import type { Action } from '../decision/action.ts';
import { findingOf } from '../decision/findings.ts';
import { acting, heldBack, waiting, type Outcome } from '../decision/outcome.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import type { Facts, InForce } from '../world/facts.ts';
import type { Finding } from '../world/memory.ts';
import { childNames, ownedMeta } from '../world/names.ts';
import type { World } from '../world/world.ts';
import { certificateNeed, tlsAccess } from './certificate.ts';
import { ownCopy } from './own-certificate.ts';

export interface Certified {
  /** What has to be done so that there is a good certificate; undefined when there is one, or nobody to sign one. */
  readonly certificate: Action | undefined;
  /** How to speak to the database; undefined without TLS, and while nobody knows whom to trust. */
  readonly tls: InfluxTls | undefined;
  /** It is to listen with TLS, and its certificate is not there or not good. */
  readonly unready: boolean;
}

type Asked = Scene & { readonly target: InForce; readonly way: WayIn };

export function certifiedStep({ world, target, way, now }: Asked): Certified {
  const certificate = certificateAction(world, target, way, now);
  const tls = tlsAccess(world, target);
  const unready = target.tls === 'Required' && (tls === undefined || certificate !== undefined);
  return { certificate, tls, unready };
}

/**
 * The certificate of a database with TLS comes before the database. An engine with TLS is never spoken to without: the
 * administrator's password would go over the wire in the clear.
 */
export function certificateFirstStep({
  world,
  certificate,
  tls,
  unready,
  active,
  own,
  ...known
}: Scene &
  Certified & {
    readonly active: readonly Finding[];
    readonly own: readonly Finding[];
    readonly facts: Facts;
    readonly unimplemented: readonly string[];
    readonly refusal: Refusal | undefined;
  }): Outcome | undefined {
  if (!unready) return undefined;
  if (certificate !== undefined && findingOf(certificate, active) === undefined) return acting([certificate]);
  // Nobody speaks to a database that is stopped.
  if (tls !== undefined || stateOf(world.addon) === 'Stopped') return undefined;
  if (own[0] === undefined && known.refusal === undefined) return waiting('the certificate of the database');
  return heldBack(world, known, own[0]);
}

/**
 * Also a database without TLS has a certificate, so that TLS can be switched on. It is made once status has told that the
 * database answers: it takes time, and where its Secret cannot be stored nobody misses it.
 */
export function certificateLaterStep({
  world,
  certificate,
  active,
  revision,
}: Scene &
  Pick<Certified, 'certificate'> & {
    readonly active: readonly Finding[];
    readonly revision: string;
  }): Outcome | undefined {
  if (certificate === undefined || findingOf(certificate, active) !== undefined) return undefined;
  return world.addon.status?.dataPlane?.revision === revision ? acting([certificate]) : undefined;
}

function certificateAction(world: World, target: InForce, way: WayIn, now: Date): Action | undefined {
  const { addon, children, trust } = world;
  const copy = ownCopy(world, target, now);
  if (copy !== undefined) return copy.action;
  if (trust === undefined) return undefined;
  const need = certificateNeed(world, target, trust, now, certificateNames(world, target, way));
  if (need === undefined) return undefined;
  const metadata = ownedMeta(addon, childNames(addon.metadata.name).tlsSecret);
  const object = { metadata, type: 'kubernetes.io/tls' };
  return { do: 'issueCertificate', object, live: children.tlsSecret, trust, need };
}
