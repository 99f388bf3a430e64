import { issue } from './certificate.ts';
import { aboutApp, findOwners, rememberApp } from './apps.ts';
import { isPresent, isAsSeen, isBeingDeleted } from './checks.ts';
import { withFindings } from './refusals.ts';
import { create, conflict, belonging, patchAddon, record, rememberRepair, remove } from './objects.ts';
import { type Actor, type Outcome, DONE, SURPRISED } from './actor.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import { InfluxAddon as InfluxAddonKind } from '../../api/kinds.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import type { Action } from '../decision/action.ts';
import { afterWrite } from '../children/contested/restless.ts';
import { findClaim, growVolume } from './claim.ts';
import { dryRun } from './dry-run.ts';
import { changeContents, measureShards } from './contents.ts';
import { askDatabase, changeDatabase, probeDatabase } from './database.ts';
import { agentSecret } from '../backups/agent.ts';
import { certificateSecret } from './certificate.ts';
import { readEvents } from './cluster-events.ts';
import { findGrowing, measureDatabase } from './measure.ts';

/** Performs one action, and remembers that it wrote. Throws ApiError for what trying again soon may mend; what a user must mend becomes a finding. */
export async function act(
  actor: Actor,
  addon: Live<InfluxAddon>,
  action: Action,
  signal: AbortSignal,
): Promise<Outcome> {
  const outcome = await perform(actor, addon, action, signal);
  const { uid } = addon.metadata;
  const before = actor.memories.get(uid);
  if (outcome.result !== 'done' && outcome.result !== 'surprised') return outcome;
  const memory = afterWrite(before, addon, action, actor.clock.now());
  if (memory !== before) actor.memories.update(uid, memory);
  return outcome;
}

async function perform(
  actor: Actor,
  addon: Live<InfluxAddon>,
  action: Action,
  signal: AbortSignal,
): Promise<Outcome> {
  if ('opens' in action && action.opens === true && !(await isPresent(actor, addon, signal)))
    return { result: 'wait', ms: 200 };
  if ('follows' in action && action.follows !== undefined && !(await isAsSeen(actor, action.follows, signal)))
    return { result: 'wait', ms: 200 };
  if (
    'over' in action &&
    action.over !== undefined &&
    (await isBeingDeleted(actor, addon, action.over, signal))
  )
    return SURPRISED;
  switch (action.do) {
    case 'create':
      return await withFindings(actor, addon, action.kind, action.object, () =>
        create(actor, addon, action, signal),
      );
    case 'replace':
      return await withFindings(actor, addon, action.kind, action.object, async () => {
        const live = await actor.client.replace(action.kind, action.object, signal);
        record(actor, action.kind, live);
        rememberRepair(actor, addon.metadata.uid, action, live);
        return DONE;
      });
    case 'patch': {
      const { kind, key, body, type } = action;
      // There is no use in telling on an addon that the addon may not be written.
      if (kind.plural === InfluxAddonKind.plural) return await patchAddon(actor, addon, action, signal);
      const patch = async () => {
        record(actor, kind, await actor.client.patch(kind, key, body, { type }, signal));
        if (type === 'strategic') rememberApp(actor, addon.metadata.uid, action);
        return DONE;
      };
      return await aboutApp(actor, addon, action, signal, patch);
    }
    case 'delete': {
      const { kind, key } = action;
      if (action.mayBeRefused !== true) return await remove(actor, action, signal);
      const object = { metadata: { name: key.name } };
      return await withFindings(actor, addon, kind, object, () => remove(actor, action, signal));
    }
    case 'askDatabase':
      await askDatabase(actor, addon.metadata.uid, action.access, signal, action);
      return DONE;
    case 'changeDatabase':
      await changeDatabase(actor, addon.metadata.uid, action.access, action.steps, signal);
      return DONE;
    case 'changeContents':
      await changeContents(actor, addon.metadata.uid, action, signal);
      return DONE;
    case 'measureShards':
      await measureShards(actor, addon.metadata.uid, action, signal);
      return DONE;
    case 'probeDatabase':
      await probeDatabase(actor, addon.metadata.uid, action.access, action.revision, signal);
      return DONE;
    case 'measureDatabase':
      await measureDatabase(actor, addon.metadata.uid, action, signal);
      return DONE;
    case 'findGrowing':
      await findGrowing(actor, addon.metadata.uid, action.access, action.level, signal);
      return DONE;
    case 'growVolume':
      return await growVolume(actor, addon, action, signal);
    case 'findClaim':
      return await withFindings(
        actor,
        addon,
        action.kind as Kind<KubeObject>,
        { metadata: { name: action.key.name } },
        async () => {
          const isOurs = (live: Live<KubeObject>) => belonging(live, addon) !== 'Foreign';
          const outcome = await findClaim(actor, addon, action, isOurs, signal);
          return outcome === 'Foreign' ? conflict(actor, addon, action.kind.kind, action.key.name) : outcome;
        },
      );
    case 'findOwners':
      return await aboutApp(actor, addon, action, signal, () =>
        findOwners(actor, addon.metadata.uid, action, signal),
      );
    case 'dryRun':
      return await dryRun(actor, addon, action, signal);
    case 'issueCertificate':
      return await issue(actor, addon, action, certificateSecret, signal);
    case 'issueAgentPair':
      return await issue(actor, addon, action, agentSecret, signal);
    case 'diagnose': {
      const diagnosis = await readEvents(
        actor.warnings,
        addon.metadata.namespace ?? '',
        action.names,
        signal,
      );
      actor.memories.update(addon.metadata.uid, { diagnosis: { ...diagnosis, atMs: actor.clock.now() } });
      return DONE;
    }
  }
}
