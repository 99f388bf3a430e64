import { engineOf } from '../../influx/engines.ts';
import { type Resolution } from '../decision/resolution.ts';
import { tlsModeOf } from '../../api/addon-defaults.ts';
import { lifecycleOf } from '../../api/catalogue-defaults.ts';
import { notImplemented } from '../../api/not-implemented.ts';
import { decideVersion, newestOf } from '../../versions/rules.ts';
import { agentOf } from '../backups/agent.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { isNeverBound } from '../identity/never-bound.ts';
import { dataFloor } from '../identity/opened.ts';
import { cannotBegin } from '../pod/state.ts';
import { STALLED_REASON, type StalledReason } from '../../api/reasons.ts';
import type { World } from '../world/world.ts';

const VERSION_REASONS = {
  UnknownVersion: STALLED_REASON.unknownVersion,
  WithdrawnVersion: STALLED_REASON.withdrawnVersion,
  DowngradeRefused: STALLED_REASON.downgradeRefused,
  UpgradeRefused: STALLED_REASON.upgradeRefused,
} as const;

/** The catalogue entries that the spec asks for. An entry in force is used as it was when it was chosen. */
export function resolveTarget(world: World, facts: Pick<Facts, 'inForce' | 'openedBy'>): Resolution {
  const { addon, versions } = world;
  const fields = notImplemented(addon.spec);
  if (fields.length > 0) {
    return refuse(
      STALLED_REASON.notImplemented,
      `${fields.join(', ')}: this release of the operator does not know how to do that yet; remove it from the spec.`,
    );
  }
  const current = facts.inForce;
  const chosen = choosePlan(world, current);
  if ('refusal' in chosen) return chosen;
  const decision = decideVersion(
    {
      wanted: addon.spec.version,
      current: current?.version.name ?? lastKnown(world, facts),
      openedBy: dataFloor(world, facts),
    },
    versions,
  );
  if (!decision.accepted) return refuse(VERSION_REASONS[decision.reason], decision.message);
  const isInForce = current?.version.name === decision.version;
  const entry = versions.find(({ name }) => name === decision.version);
  const version = isInForce && !isMoved(world, entry) ? current.version : entry;
  if (version === undefined)
    return refuse(
      STALLED_REASON.unknownVersion,
      `spec.version: ${decision.version} is not in the catalogue.`,
    );
  if (engineOf(version.name) === undefined) {
    const message = `spec.version: ${version.name} is in the catalogue, but this operator runs InfluxDB 1.x only.`;
    return refuse(STALLED_REASON.unknownVersion, message);
  }
  return {
    target: {
      plan: chosen,
      version: { name: version.name, image: version.image },
      ...(tlsModeOf(addon) === 'Required' ? { tls: 'Required' } : {}),
      ...agentOf(world, current),
    },
    refusal: undefined,
  };
}

/** A pod cannot begin for want of its image, and the catalogue has the same version under another one by now. */
function isMoved({ pod }: World, entry: { readonly image: string } | undefined): boolean {
  if (pod === undefined || entry === undefined || !cannotBegin(pod)) return false;
  return pod.spec?.containers[0]?.image !== entry.image;
}

/** One in force is taken as it was when it was chosen, whatever became of it in the catalogue. */
function choosePlan(
  world: World,
  current: InForce | undefined,
): InForce['plan'] | Extract<Resolution, { target: undefined }> {
  const { addon, plan, planNames } = world;
  const name = addon.spec.plan;
  if (current?.plan.name === name) return current.plan;
  if (plan === undefined) {
    const known = planNames.length === 0 ? 'the catalogue has no plans' : `allowed: ${planNames.join(', ')}`;
    return refuse(STALLED_REASON.unknownPlan, `spec.plan: ${name} is not in the catalogue; ${known}.`);
  }
  if (lifecycleOf(plan) === 'Withdrawn') {
    const others = planNames.filter((each) => each !== name).join(', ');
    const message = `spec.plan: ${name} is withdrawn and not for new use; allowed: ${others}.`;
    return refuse(STALLED_REASON.withdrawnPlan, message);
  }
  const moved = current && otherClass(world, plan);
  if (moved !== undefined) return refuse(STALLED_REASON.otherStorageClass, moved);
  return { name, spec: plan.spec };
}

/** A volume stays in its storage class, and a plan may promise something by naming one. A plan that names none takes any. */
function otherClass(world: World, { metadata, spec }: NonNullable<World['plan']>): string | undefined {
  const { children } = world;
  const { className } = spec.storage;
  const present = children.claim?.spec?.storageClassName;
  if (!className || present === undefined || present === className) return undefined;
  if (isNeverBound(world)) return undefined;
  return `spec.plan: ${metadata.name} has its volumes in the storage class ${className}, and this one is in ${present}, which a volume does not leave. Choose a plan of that class or of none; or make a new addon with ${metadata.name} and restoreFrom a backup of this one.`;
}

/** The record of what is in force was lost: a wish for a minor must not become a newer patch of it by that. */
function lastKnown({ addon, versions }: World, facts: Pick<Facts, 'openedBy'>): string | undefined {
  const known = [addon.status?.version, facts.openedBy];
  return newestOf(...known.filter((name) => versions.some((entry) => entry.name === name)));
}

/** What to go on with when the spec is refused and every record of what is in force was lost. */
export function lastInForce(world: World, facts: Pick<Facts, 'openedBy'>): InForce | undefined {
  const { addon, plan, versions } = world;
  const name = lastKnown(world, facts);
  const version = versions.find((entry) => entry.name === name);
  if (plan === undefined || version === undefined) return undefined;
  return {
    plan: { name: addon.spec.plan, spec: plan.spec },
    version: { name: version.name, image: version.image },
  };
}

function refuse(reason: StalledReason, message: string): Extract<Resolution, { target: undefined }> {
  return { target: undefined, refusal: { reason, message } };
}
