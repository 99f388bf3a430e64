import type { Secret } from '../../../kube/objects/kinds.ts';
import type { Live } from '../../../kube/objects/types.ts';
import { GROUP } from '../../../api/group.ts';
import { ADMIN_KEY } from '../../identity/admin-keys.ts';
import { ANNOTATION } from '../../world/names.ts';
import { withIntentHash } from './merge.ts';

const KEYS: ReadonlySet<string> = new Set(Object.values(ADMIN_KEY));
const ANNOTATIONS: ReadonlySet<string> = new Set(Object.values(ANNOTATION));
/**
 * Words with hyphens, as all our facts are called. A name with a dot is that of a file for the engine, or of a user's
 * password: what is not known of those is taken out. (The pod mounts its files by name, so that it would not see one.)
 */
const FACT = /^[a-z0-9]{1,40}(-[a-z0-9]{1,40}){0,5}$/;

/**
 * The admin Secret with the facts of a newer release, from which this one has taken over: that one goes on from them when
 * it is back. The hash of the last write tells them from what somebody wrote into the Secret by hand, which is taken out:
 * it then is the hash of what we know.
 */
export function withUnknownKeys(intent: Secret, live: Live<Secret> | undefined): Secret {
  if (live === undefined) return intent;
  const data = entriesOf(live.data, (key) => FACT.test(key) && !KEYS.has(key));
  const annotations = entriesOf(
    live.metadata.annotations,
    (key) => key.startsWith(`${GROUP}/`) && !ANNOTATIONS.has(key),
  );
  if (Object.keys(data).length + Object.keys(annotations).length === 0) return intent;
  const written = withIntentHash(intent).metadata?.annotations?.[ANNOTATION.intent];
  if (live.metadata.annotations?.[ANNOTATION.intent] === written) return intent;
  return {
    ...intent,
    metadata: { ...intent.metadata, annotations: { ...annotations, ...intent.metadata?.annotations } },
    data: { ...data, ...intent.data },
  };
}

function entriesOf(
  all: Readonly<Record<string, string>> | undefined,
  isUnknown: (key: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(Object.entries(all ?? {}).filter(([key]) => isUnknown(key)));
}
