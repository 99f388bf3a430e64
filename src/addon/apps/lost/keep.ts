import { appsOf } from '../../../api/addon-defaults.ts';
import { APP_REASON } from '../../../api/reasons.ts';
import type { Live } from '../../../kube/objects/types.ts';
import type { Action } from '../../decision/action.ts';
import { activeFindings, findingOf } from '../../decision/findings.ts';
import { childNames, keyOf } from '../../world/names.ts';
import type { Workload, World } from '../../world/world.ts';
import { decideApp, type AppDecision } from '../binding.ts';
import { refusedBy, type Binding } from '../decide.ts';
import { appEntries, isAnnounced, isBound } from '../entries.ts';
import { appPatch } from '../patch.ts';
import { appRevision } from '../revision.ts';
import { refusedRemovals } from '../unbinding.ts';
import { injectedNames } from '../variables.ts';
import { wishOf } from '../wish.ts';

export interface Kept {
  readonly actions: readonly Action[];
  /** What keeps an app from its variables, or the variables in an app. */
  readonly trouble: Pick<AppDecision, 'reason' | 'message'> | undefined;
}

/**
 * What the apps need that were bound before, whatever is wrong with the database or the spec: that variables which
 * somebody has taken out come back. No restart for what the database is yet to answer with.
 */
export function keepVariables(world: World, binding: Binding, now: Date): Kept {
  const revision = appRevision(world, binding.facts, binding.target, binding.starts);
  const active = activeFindings(world, now.getTime());
  const actions: Action[] = [];
  let [trouble]: Kept['trouble'][] = refusedRemovals(world, active).map(({ finding, entry }) =>
    refusedBy(finding, entry),
  );
  for (const app of appsOf(world.addon)) {
    const entry = appEntries(world).find((each) => keyOf(each) === keyOf(app));
    const workload = world.apps.get(keyOf(app));
    if (app.env !== 'Inject' || !isBound(app, entry) || !isAnnounced(world, app) || !workload) continue;
    const decision = decideApp(
      wishOf(world, app, binding.formerKeys?.since),
      workload,
      entry,
      entry.revision,
      now,
    );
    if (decision.reason === APP_REASON.bindingContested) trouble ??= decision;
    const isLoss =
      entry.revision === revision ||
      decision.entry?.injectedTemplate === entry.injectedTemplate ||
      !hasVariables(world, workload);
    if (decision.patch === undefined || decision.removes || !isLoss) continue;
    const action = appPatch(world, app, decision, 'add the variables again');
    const finding = findingOf(action, active);
    if (finding === undefined) actions.push(action);
    else trouble ??= refusedBy(finding, entry);
  }
  return { actions, trouble };
}

function hasVariables({ addon }: World, workload: Live<Workload>): boolean {
  const { containers = [], initContainers = [] } = workload.spec?.template.spec ?? {};
  const { urlSecret } = childNames(addon.metadata.name);
  return [...containers, ...initContainers].some((each) => injectedNames(each, urlSecret).length > 0);
}
