import { variablesOf } from '../../api/addon-defaults.ts';
import type { InForce } from '../world/facts.ts';
import { recordedInForce } from '../identity/record.ts';
import { hashOf } from '../world/hash.ts';
import { restartedForKey } from '../world/names.ts';
import { engineStatus } from '../pod/containers.ts';
import { isCurrent } from '../pod/state.ts';
import type { World } from '../world/world.ts';
import { appEntries } from './entries.ts';

type Seen = Pick<World, 'addon' | 'apps' | 'memory' | 'pod'> & {
  readonly children: Pick<World['children'], 'adminSecret' | 'statefulSet'>;
};

/**
 * The target with its count of changes. A change that no app can have heard of, because the database never came up with
 * it, is taken back as if it had not been: going back from a plan that fits no node restarts nothing.
 *
 * @param recorded what was in force until now; one of an older operator has no count, and gets one with the next change
 */
export function countChanges(world: Seen, recorded: InForce | undefined, target: InForce): InForce {
  const { apps: _, ...wanted } = target;
  const content = contentOf(world, wanted);
  if (recorded === undefined) return { ...wanted, apps: { change: 0, content } };
  const last = recorded.apps ?? { change: 0, content: contentOf(world, recorded) };
  if (last.content === content)
    return recorded.apps === undefined ? wanted : { ...wanted, apps: recorded.apps };
  const { before, ...present } = last;
  const base = before === undefined || mayBeKnown(world, present.change) ? present : before;
  if (base.content === content) return { ...wanted, apps: base };
  return { ...wanted, apps: { change: base.change + 1, content, before: base } };
}

/** A revision with the number of its change, which tells it from an earlier one of the same content. */
export function numbered(hash: string, { apps }: Pick<InForce, 'apps'>): string {
  return apps === undefined || apps.change === 0 ? hash : `${hash}.${apps.change}`;
}

/** An app may have been restarted for a change: some record says so, or the database has come up with it. */
function mayBeKnown(world: Seen, change: number): boolean {
  const { addon, apps, children, pod } = world;
  const marks = [...apps.values()].map(
    (app) => app.spec?.template.metadata?.annotations?.[restartedForKey(addon.metadata.name)],
  );
  const revisions = [
    addon.status?.dataPlane?.apps,
    ...appEntries(world).map((each) => each.revision),
    ...marks,
  ];
  if (revisions.some((revision) => revision?.endsWith(`.${change}`) === true)) return true;
  const { statefulSet } = children;
  if (statefulSet === undefined) return false;
  // It was never told.
  if ((recordedInForce(undefined, statefulSet)?.apps?.change ?? 0) < change) return false;
  const { observedGeneration = 0, currentRevision, updateRevision } = statefulSet.status ?? {};
  if (observedGeneration < (statefulSet.metadata.generation ?? 0)) return false;
  // The controller calls a revision current once a pod of it has been ready; one that nobody knows of may have been.
  if (currentRevision === updateRevision) return true;
  return pod !== undefined && engineStatus(pod)?.ready === true && isCurrent(pod, statefulSet);
}

/** What apps depend on is still what was recorded with what is in force. */
export function isContentOf(world: Pick<World, 'addon'>, inForce: InForce): boolean {
  return inForce.apps?.content === contentOf(world, inForce);
}

function contentOf(
  { addon }: Pick<World, 'addon'>,
  { plan, version, tls, claim, certificate, authority }: InForce,
) {
  const trust = tls === 'Required' ? (certificate?.trust ?? authority) : undefined;
  return hashOf({ variables: variablesOf(addon), plan: plan.name, version: version.name, tls, trust, claim });
}
