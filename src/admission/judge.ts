import { type Verdict } from './verdict.ts';
import { isDeepStrictEqual } from 'node:util';
import { settleFacts } from '../addon/identity/settle.ts';
import { resolveTarget } from '../addon/wish/target.ts';
import { type Refusal, type Resolution } from '../addon/decision/resolution.ts';
import type { World } from '../addon/world/world.ts';
import { lifecycleOf } from '../api/catalogue-defaults.ts';
import type { InfluxAddon } from '../api/influx-addon.ts';
import { notImplemented } from '../api/not-implemented.ts';
import { mistakesOf } from '../contents/wishes.ts';
import { given } from '../kube/objects/given.ts';
import type { Live } from '../kube/objects/types.ts';
import type { Review } from './review.ts';

/** What is known of the world around an addon, without a question to anybody. */
export type Look = (addon: Live<InfluxAddon>) => World;

/**
 * The rules of the reconciler, told before the addon is stored rather than after. What they do not say is never
 * refused here: without a webhook the same spec ends in `Stalled` with the same message, and the database untouched.
 * A mistake that was there before does not hold up other edits; what ends it is welcome in any case.
 */
export function judge({ operation, addon, before }: Review, look: Look): Verdict {
  if (addon === undefined || (operation !== 'CREATE' && operation !== 'UPDATE')) return ALLOWED;
  if (addon.metadata.deletionTimestamp !== undefined) return ALLOWED;
  if (before !== undefined && isDeepStrictEqual(before.spec, addon.spec)) return ALLOWED;

  const warnings = notImplemented(addon.spec).map(
    (field) => `${field}: this release of the operator does not know how to do that yet`,
  );
  const { resolution, world } = resolve(addon, look);
  const { target } = resolution;
  const refusal = resolution.refusal ?? newMistake(addon, before);
  if (refusal === undefined && target !== undefined) {
    return { refusal: undefined, warnings: [...warnings, ...deprecations(world, target.version.name)] };
  }
  if (refusal === undefined) return { refusal, warnings };
  if (before !== undefined && isDeepStrictEqual(refusal, resolve(before, look).resolution.refusal)) {
    return { refusal: undefined, warnings: [...warnings, refusal.message] };
  }
  return { refusal, warnings };
}

/** What no engine would take of the contents that are listed; one that was there before holds up nothing. */
function newMistake(addon: Live<InfluxAddon>, before: Live<InfluxAddon> | undefined): Refusal | undefined {
  const old = before === undefined ? [] : mistakesOf(before);
  return mistakesOf(addon).find(({ message }) => !old.some((mistake) => mistake.message === message));
}

const ALLOWED: Verdict = { refusal: undefined, warnings: [] };

/**
 * Only plan and version are judged. A field that this release does not act on is a warning: an addon may be written
 * for the next one, and the reconciler says `Stalled` until then.
 */
function resolve(full: Live<InfluxAddon>, look: Look): { resolution: Resolution; world: World } {
  const { plan, version } = full.spec;
  const { name, namespace, uid, resourceVersion } = full.metadata;
  const { id, version: running, dataPlane } = full.status ?? {};
  const addon = {
    metadata: { name, namespace, uid, resourceVersion },
    spec: { plan, ...(version === undefined ? {} : { version }) },
    status: { ...given({ id, version: running, dataPlane }) },
  } as Live<InfluxAddon>;
  const seen = look(addon);
  // What is going belongs to an addon of this name that was there before: the new one does not start from it.
  const children = Object.fromEntries(
    Object.entries(seen.children).map(([slot, child]) => [
      slot,
      (child as World['children']['claim'])?.metadata.deletionTimestamp === undefined ? child : undefined,
    ]),
  ) as unknown as World['children'];
  const world = { ...seen, children };
  const { facts } = settleFacts({ addonName: name, statusId: id, ...children }, NOTHING_DRAWN);
  return { resolution: resolveTarget(world, facts), world };
}

/** What has to be made anew when it is found nowhere decides nothing about plans and versions. */
const NOTHING_DRAWN = { number: () => 0, password: () => '' };

function deprecations({ addon, plan, versions }: World, version: string): string[] {
  const found: string[] = [];
  if (plan !== undefined && lifecycleOf(plan) === 'Deprecated') {
    found.push(
      `spec.plan: ${addon.spec.plan} is deprecated; kubectl get influxplans shows what to choose instead`,
    );
  }
  if (versions.some(({ name, lifecycle }) => name === version && lifecycle === 'Deprecated')) {
    found.push(
      `spec.version: ${version} is deprecated; kubectl get influxversions shows what to choose instead`,
    );
  }
  return found;
}
