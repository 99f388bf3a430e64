import { isStartHeld } from '../access/way-in.ts';
import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import { appsOf, stateOf } from '../../api/addon-defaults.ts';
import { allowedOutside, endpointInForce } from '../access/in-force.ts';
import type { WayIn } from '../access/way-in.ts';
import { activeFindings, ownFindings } from '../decision/findings.ts';
import { acting, type Outcome } from '../decision/outcome.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import { recordedInForce } from '../identity/record.ts';
import { startsOf } from '../pod/starting.ts';
import { isOlder } from '../../versions/rules.ts';
import type { Children } from '../world/children.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { hashOf } from '../world/hash.ts';
import type { Finding } from '../world/memory.ts';
import { keyOf } from '../world/names.ts';
import type { World } from '../world/world.ts';
import { childChanges, withoutRefused, type ChildChange } from './changes.ts';
import type { BuildContext } from './context.ts';
import { restoredEvents } from './restored.ts';
import { renderedFor } from './stateful-set.ts';

export interface Prepared {
  readonly context: BuildContext;
  /** How often the database was started after it had been stopped. */
  readonly starts: number;
  /** Of all that makes the running database what it is; a new one has to be verified. */
  readonly revision: string;
  /** Writes that were refused a moment ago. */
  readonly active: readonly Finding[];
  /** Of these, those for which nobody else is told: they keep the addon from being what is asked for. */
  readonly own: readonly Finding[];
}

/** All that the builders look at. */
export function contextStep({
  world,
  facts,
  target,
  way,
  renewTemplate,
  restoredFrom,
  startedEmpty,
  now,
}: Scene & {
  readonly facts: Facts;
  readonly target: InForce;
  readonly way: WayIn;
  readonly renewTemplate: boolean;
  readonly restoredFrom: string | undefined;
  readonly startedEmpty: string | undefined;
}): Prepared {
  const { addon, children, settings } = world;
  const context: BuildContext = {
    addon,
    facts,
    target,
    children,
    settings,
    appSelectors: appSelectors(world),
    outside: allowedOutside(addon, target),
    external: endpointInForce(way, target),
    renewTemplate,
    restoredFrom,
    startedEmpty,
  };
  const starts = startsOf(addon.status, stateOf(addon));
  const revision = hashOf({
    renderedFor: renderedFor(context),
    id: facts.id,
    password: facts.password,
    volume: children.claim?.metadata.uid,
    starts,
  });
  const active = activeFindings(world, now.getTime());
  return { context, starts, revision, active, own: ownFindings(active, world, target.tls) };
}

/** What keeps some of the children as they are, or from being made. */
export interface Holds {
  readonly facts: Facts;
  readonly target: InForce;
  /** Why nothing may end the pod. */
  readonly leaving: Refusal | undefined;
  readonly loss: { readonly state: string } | undefined;
  readonly filling: object | undefined;
  readonly restoredFrom: string | undefined;
  /** An engine with TLS does not start without its certificate, and an https URL is of no use before there is one. */
  readonly unready: boolean;
  readonly way: WayIn;
}

export interface Changes {
  readonly changes: readonly ChildChange[];
  /** Nobody misses a database that has never run: it is started once, with the address in its certificate. */
  readonly waitsForAddress: boolean;
  /** Every record of what is in force is older than the data: an older engine never gets to see it. */
  readonly tooOld: boolean;
}

/**
 * What the children lack. The admin Secret by itself and first: a POST that loses a race with an earlier one of ours must
 * not have spread values that are nowhere kept.
 */
export function adminSecretStep(scene: Scene & Holds & Prepared): Changes | Outcome {
  const { world, context, active, target, facts, way } = scene;
  const tooOld = isOlder(target.version.name, facts.openedBy);
  const waitsForAddress = isStartHeld(world, way);
  const held = heldOf(scene, tooOld || waitsForAddress);
  const changes = withoutRefused(childChanges(context, held), active);
  const [first] = changes;
  if (first?.slot === 'adminSecret') return acting([first.action]);
  return { changes, waitsForAddress, tooOld };
}

/** Everything else that is missing or not as it should be, in the order of the list. */
export function childrenStep({ world, changes }: Scene & Changes): Outcome | undefined {
  if (changes.length === 0) return undefined;
  return acting(
    changes.map(({ action }) => action),
    restoredEvents(world, changes),
  );
}

function heldOf(scene: Scene & Holds, startHeld: boolean): ReadonlySet<keyof Children> {
  const { world, facts, target, leaving, loss, filling, restoredFrom, unready } = scene;
  const held = new Set<keyof Children>();
  const hold = (when: boolean, ...slots: (keyof Children)[]) => {
    if (when) for (const slot of slots) held.add(slot);
  };
  hold(facts.passwordUnproven, 'urlSecret', 'bindingSecret');
  // Nothing is made of a volume that is not recorded as the one in force yet.
  const recorded = recordedInForce(world.children.adminSecret, world.children.statefulSet);
  hold(recorded !== undefined && recorded.claim !== target.claim, 'claim', 'statefulSet');
  hold(filling !== undefined && restoredFrom === undefined, 'statefulSet');
  hold(unready, 'urlSecret', 'bindingSecret', 'statefulSet');
  hold(startHeld || leaving !== undefined, 'statefulSet');
  hold(loss?.state === 'Lost', 'claim', 'statefulSet');
  return held;
}

/** Of the apps that the spec names, in its order: those that status still remembers are bound no more. */
function appSelectors({ addon, apps }: World): LabelSelector[] {
  return appsOf(addon)
    .map((app) => apps.get(keyOf(app))?.spec?.selector)
    .filter((selector) => selector !== undefined);
}
