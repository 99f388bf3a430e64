import { isNarrowerPolicy, isNarrowerService } from '../access/narrower.ts';
import { stateOf } from '../../api/addon-defaults.ts';
import type { WayIn } from '../access/way-in.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import type { BuildContext } from './context.ts';
import { recordedInForce } from '../identity/record.ts';
import type { Children } from '../world/children.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { buildExternalService } from './external-service.ts';
import { buildNetworkPolicy } from './network-policy.ts';

/** What keeps some of the children as they are, or from being made. */
export interface Holds {
  readonly facts: Facts;
  readonly target: InForce;
  /** Why the spec is not followed. */
  readonly refusal: Refusal | undefined;
  /** Why nothing may end the pod. */
  readonly leaving: Refusal | undefined;
  readonly loss: { readonly state: string } | undefined;
  readonly filling: object | undefined;
  readonly restoredFrom: string | undefined;
  /** An engine with TLS does not start without its certificate, and an https URL is of no use before there is one. */
  readonly unready: boolean;
  readonly way: WayIn;
}

/** Which writes were refused that others build on. */
export interface Refused {
  /** Of the admin Secret. */
  readonly unrecorded: boolean;
  /** Of what apps are told. */
  readonly unpublished: boolean;
  /** Of the URL Secret by itself, so that apps are not told the URL in force. */
  readonly withoutUrl: boolean;
}

export function heldOf(
  scene: Scene & Holds & { readonly context: BuildContext },
  startHeld: boolean,
  { unrecorded, unpublished, withoutUrl }: Refused = {
    unrecorded: false,
    unpublished: false,
    withoutUrl: false,
  },
): ReadonlySet<keyof Children> {
  const { world, facts, target, leaving, loss, filling, restoredFrom, unready, context } = scene;
  const held = new Set<keyof Children>();
  const hold = (when: boolean, ...slots: (keyof Children)[]) => {
    if (when) for (const slot of slots) held.add(slot);
  };
  hold(facts.passwordUnproven, 'urlSecret', 'bindingSecret');
  // Nothing is made of a volume that is not recorded as the one in force yet.
  const recorded = recordedInForce(world.children.adminSecret, world.children.statefulSet);
  hold(recorded !== undefined && recorded.claim !== target.claim, 'claim', 'statefulSet');
  hold(filling !== undefined && restoredFrom === undefined, 'statefulSet');
  hold(unready, 'urlSecret', 'bindingSecret');
  // One that is stopped starts no engine.
  hold(unready && stateOf(world.addon) === 'Running', 'statefulSet');
  hold(startHeld || leaving !== undefined, 'statefulSet');
  hold(loss?.state === 'Lost', 'claim', 'statefulSet');
  // What runs is recorded, and what apps are told is true: neither is made of a record that may not be changed.
  hold(unrecorded, 'claim', 'urlSecret', 'bindingSecret');
  // Both Secrets say the same: the address of a database that is held back is in neither.
  hold(withoutUrl, 'bindingSecret');
  hold((unrecorded || unpublished) && stateOf(world.addon) === 'Running', 'statefulSet');
  // A spec that is refused lets nobody in; whom it keeps out stays out.
  if (scene.refusal !== undefined || unrecorded) {
    const { networkPolicy, externalService } = world.children;
    hold(!isNarrowerPolicy(networkPolicy, buildNetworkPolicy(context)), 'networkPolicy');
    hold(!isNarrowerService(externalService, buildExternalService(context)), 'externalService');
  }
  return held;
}
