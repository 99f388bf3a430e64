import type { Outcome } from '../decision/outcome.ts';
import type { BasePicture } from '../decision/picture.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import { heal } from '../pod/healing.ts';
import { inspect } from '../../tls/inspect.ts';
import { serviceNames } from '../../tls/names.ts';
import type { Announcement } from '../decision/action.ts';
import { usesAuthority } from './follow.ts';
import { startedMs, type DatabaseState } from '../database/state.ts';
import { decode } from '../world/secret-data.ts';
import { type InForce } from '../world/facts.ts';
import { childNames } from '../world/names.ts';
import { EVENT_REASON } from '../../api/reasons.ts';
import type { World } from '../world/world.ts';

const CERTIFICATE_NOT_READ: Announcement = {
  type: 'Warning',
  reason: EVENT_REASON.certificateNotRead,
  note: 'The database shows a certificate that cannot be verified: the pod is restarted, so that it reads the one in its Secret.',
};

/**
 * Whether a start of the pod brings a certificate that can be verified: the one in the Secret can, so a database that
 * shows one that cannot has not read it. Does not wait for a window: nobody who verifies can connect. Not over and over
 * either.
 */
export function mendsCertificate(world: World, target: InForce, now: Date): boolean {
  if (world.pod === undefined || !usesAuthority(target)) return false;
  if (now.getTime() - startedMs(world.pod) < CERTIFICATE_AGAIN_MS) return false;
  const { name, namespace = '' } = world.addon.metadata;
  const { dnsNames } = serviceNames(childNames(name).service, namespace, world.settings.clusterDomain);
  const files = decode(world.children.tlsSecret);
  const stored = inspect({ certPem: files['tls.crt'] ?? '', caPem: files['ca.crt'] ?? '' });
  if (typeof stored === 'string' || stored.trustedBy === undefined) return false;
  const inTime = stored.leaf.notBefore <= now && now < stored.notAfter;
  return inTime && dnsNames.every((each) => stored.leaf.dnsNames.includes(each));
}

const CERTIFICATE_AGAIN_MS = 5 * 60_000;

/**
 * A database that has not read the certificate in its Secret is started anew, unless that would end its volume. When
 * what is shown is not the database's own, as behind a proxy, that mends nothing: then it is tried ever more rarely.
 */
export function unreadStep(
  scene: Scene & {
    readonly base: BasePicture;
    readonly target: InForce;
    readonly starts: number;
    readonly leaving: Refusal | undefined;
    readonly database: DatabaseState;
  },
): Outcome | undefined {
  const { world, target, leaving, database, now } = scene;
  const isUnread = database.state === 'Silent' && database.untrusted;
  if (!isUnread || leaving !== undefined || !mendsCertificate(world, target, now)) return undefined;
  const why = 'it shows another certificate';
  return heal(scene, { fault: 'Certificate', why, event: CERTIFICATE_NOT_READ });
}
