import type { AppStatus } from '../../../api/influx-addon.ts';
import { resting, type Outcome } from '../../decision/outcome.ts';
import type { Scene } from '../../decision/story.ts';
import { isFrozen } from '../../identity/frozen.ts';
import { isOfPredecessor } from '../../identity/predecessor.ts';
import { keyOf } from '../../world/names.ts';
import type { World } from '../../world/world.ts';
import { appEntries, listable } from '../entries.ts';
import { contentOf, secretsRead } from './copies.ts';

/**
 * Status says which apps read a Secret that was made immutable before that is made again: afterwards nothing would tell
 * that there ever was such a one.
 */
export function frozenCopiesStep({ world }: Scene): Outcome | undefined {
  const before = appEntries(world);
  const entries = before.map((entry) => marked(world, entry));
  if (entries.every((entry, position) => entry === before[position])) return undefined;
  const status = { ...world.addon.status, apps: listable(world, entries) };
  return { ...resting({ requeueAfterMs: 50 }), status };
}

/** An app that has yet to come up with the first connection reads nothing that could be a former one. */
function marked({ addon, apps, children }: World, entry: AppStatus): AppStatus {
  if (entry.revision === undefined || entry.frozen !== undefined) return entry;
  const secrets = secretsRead(children, apps.get(keyOf(entry)), entry.injectedTemplate !== undefined);
  const isCopied = secrets.some((secret) => isFrozen(secret) && !isOfPredecessor(addon, secret));
  return isCopied ? { ...entry, frozen: contentOf(secrets) } : entry;
}
