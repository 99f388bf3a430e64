import { variablesOf } from '../../api/addon-defaults.ts';
import { connectionUrl } from '../access/connection.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { hashOf } from '../world/hash.ts';
import type { World } from '../world/world.ts';
import { numbered } from './changes.ts';

/** What an app depends on, as a hash: an app is restarted when it was last restarted for another one. */
export function appRevision(
  world: Pick<World, 'addon' | 'settings'>,
  facts: Facts,
  target: InForce,
  starts: number,
): string {
  const url = connectionUrl(world.addon, facts, world.settings.clusterDomain);
  const hash = hashOf({
    // With the login: a rotation.
    url,
    variables: variablesOf(world.addon),
    plan: target.plan.name,
    version: target.version.name,
    authority: target.tls === 'Required' ? (target.certificate?.trust ?? target.authority) : undefined,
    // After Stopped.
    starts,
    // After a restore.
    claim: target.claim,
  });
  return numbered(hash, target);
}
