import { variablesOf, type BoundApp } from '../../api/addon-defaults.ts';
import { childNames, keyOf } from '../world/names.ts';
import type { World } from '../world/world.ts';
import { knownEntries } from './owners.ts';

/** What an addon asks of one app. */
export interface AppWish {
  readonly addonName: string;
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet';
  readonly name: string;
  readonly env: 'Inject' | 'FromSecret';
  /** Names of the containers to inject into; undefined for all, init containers among them. */
  readonly containers: readonly string[] | undefined;
  readonly secretName: string;
  /** `<prefix>_URL` first, then `<alias>_URL` if there is one. */
  readonly variables: readonly string[];
  /** Names of the other addons that name this app; their variables in it are theirs. */
  readonly rivals?: readonly string[];
  /** Keys that the Secret has beside `variables`, from when they were called otherwise. */
  readonly formerKeys?: readonly string[];
  /** Variables that its owner wrote, as `container/variable`: they stay. Undefined when nobody has looked. */
  readonly kept?: readonly string[] | undefined;
  /** Hash of what the Secrets hold that it reads, where frozen copies of them are around. */
  readonly content?: string | undefined;
  /** Of the addon's spec. */
  readonly generation?: number | undefined;
}

export function wishOf(world: World, app: BoundApp, formerKeys: object = {}): AppWish {
  const { metadata } = world.addon;
  return {
    ...app,
    containers: app.containers,
    addonName: metadata.name,
    secretName: childNames(metadata.name).urlSecret,
    variables: variablesOf(world.addon),
    rivals: world.rivals?.get(keyOf(app)) ?? [],
    formerKeys: Object.keys(formerKeys),
    kept: knownEntries(world, app, world.apps.get(keyOf(app))),
    generation: metadata.generation,
  };
}
