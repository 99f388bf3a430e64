import type { Secret } from '../../kube/objects/kinds.ts';
import { variablesOf } from '../../api/addon-defaults.ts';
import { EVENT_REASON } from '../../api/reasons.ts';
import { connectionUrl } from '../access/connection.ts';
import type { Action, Announcement } from '../decision/action.ts';
import { encode } from '../world/secret-data.ts';
import { ANNOTATION, childNames, ownedMeta } from '../world/names.ts';
import type { World } from '../world/world.ts';
import type { BuildContext } from './context.ts';

/**
 * Only the variables an app needs, so that `envFrom` gives exactly these; while they change their names, those of
 * before too, and since when they are of before.
 */
export function buildUrlSecret({ addon, facts, settings, formerKeys = {} }: BuildContext): Secret {
  const url = connectionUrl(addon, facts, settings.clusterDomain);
  const former = Object.keys(formerKeys);
  const metadata = ownedMeta(addon, childNames(addon.metadata.name).urlSecret);
  const annotations = { [ANNOTATION.formerKeys]: JSON.stringify(formerKeys) };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { ...metadata, ...(former.length === 0 ? {} : { annotations }) },
    type: 'Opaque',
    data: encode(Object.fromEntries([...variablesOf(addon), ...former].map((name) => [name, url]))),
  };
}

/** Tells of the keys that go: nobody can have been told so by an error of a pod. */
export function keysGoneEvents(
  { children }: World,
  changes: readonly { readonly slot: string; readonly action: Action }[],
): Announcement[] {
  const change = changes.find(({ slot }) => slot === 'urlSecret');
  if (change?.action.do !== 'replace') return [];
  const { data, metadata } = change.action.object as Secret;
  const gone = Object.keys(children.urlSecret?.data ?? {}).filter(
    (key) =>
      children.urlSecret?.metadata.annotations?.[ANNOTATION.formerKeys]?.includes(`"${key}"`) && !data?.[key],
  );
  if (gone.length === 0) return [];
  const note = `${gone.join(' and ')} went from Secret ${metadata?.name}, where no bound app names ${gone.length === 1 ? 'it' : 'them'} any more.`;
  return [{ type: 'Normal', reason: EVENT_REASON.formerKeysRemoved, note }];
}
