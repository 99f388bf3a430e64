import { pendingOf, type Pending } from '../../maintenance/pending.ts';
import { restartForLeaf } from '../../tls/renewal.ts';
import { authorityWish, isTrustedBy, usesAuthority } from '../tls/follow.ts';
import { storedCertificate } from '../tls/certificate.ts';
import type { InForce } from '../world/facts.ts';
import type { BuildContext } from '../children/context.ts';
import { templateHashes } from '../children/stateful-set.ts';
import type { World } from '../world/world.ts';

/** What the platform wants of a database that answers, beside what is in force. */
export function platformWishes(world: World, context: BuildContext, now: Date): Pending[] {
  const { addon, plan, versions, trust } = world;
  const { target } = context;
  const wishes = {
    version: { wanted: addon.spec.version, inForce: target.version.name, catalogue: versions },
    plan: {
      name: target.plan.name,
      inForce: target.plan.spec,
      catalogue: addon.spec.plan === target.plan.name ? plan?.spec : undefined,
    },
    template: templateHashes(context),
    certificate: certificateRestart(world, target, now),
    authority: authorityWish(target, trust, storedCertificate(world), shownBy(world)),
  };
  return pendingOf(wishes, addon.status?.maintenance?.pending ?? [], now);
}

/** Whether the database shows another certificate than the one in its Secret. */
function certificateRestart(world: World, target: InForce, now: Date): { readonly latest: Date } | undefined {
  const { trust } = world;
  const stored = storedCertificate(world);
  if (stored === undefined) return undefined;
  const restart = restartForLeaf(shownBy(world), stored.leaf);
  if (restart === undefined || restart.latest <= now) return restart;
  // Apps that do not trust it yet learn of its authority first.
  const unknown =
    trust !== undefined &&
    usesAuthority(target) &&
    !isTrustedBy(target, stored.trustedBy?.fingerprint, trust);
  return unknown ? undefined : restart;
}

function shownBy({ memory: { database } }: World) {
  return database?.answer.ok === true ? database.answer.certificate : undefined;
}
