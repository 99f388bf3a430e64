import type { AppStatus } from '../../../api/influx-addon.ts';
import { given } from '../../../kube/objects/given.ts';
import type { Secret } from '../../../kube/objects/kinds.ts';
import type { Live } from '../../../kube/objects/types.ts';
import { hashOf } from '../../world/hash.ts';
import type { Workload, World } from '../../world/world.ts';

/*
 * A kubelet that has handed out a Secret with `immutable: true` asks for it no more: as long as any pod on its node
 * refers to the Secret, new pods get that copy, also of one that was made again meanwhile. So an app that is restarted
 * for another content may come up with the former one, and is restarted once more when the pods of before are gone.
 *
 * In `status.apps[]` an entry has first `frozen`, from before the Secret is made again until its content is another, and
 * then `againAfter`, from the restart for that until the second one.
 */

/** A pod that is told to end has half a minute for that, if nothing else was asked for, and its kubelet tidies up. */
const LAST_PODS_MS = 45_000;

/** The Secrets that pods of the app read; of one that gets its variables from us the template need not say so. */
export function secretsRead(
  { urlSecret, bindingSecret }: Pick<World['children'], 'urlSecret' | 'bindingSecret'>,
  workload: Live<Workload> | undefined,
  isInjected: boolean,
): Live<Secret>[] {
  return [urlSecret, bindingSecret].filter(
    (secret): secret is Live<Secret> =>
      secret !== undefined && ((isInjected && secret === urlSecret) || reads(workload, secret.metadata.name)),
  );
}

/** Hash of what they hold. */
export function contentOf(secrets: readonly Live<Secret>[]): string {
  return hashOf(secrets.map(({ data }) => data));
}

/** The template of the app names the Secret: in a variable, as a whole, or in a volume. */
function reads(workload: Live<Workload> | undefined, secretName: string): boolean {
  const { containers = [], initContainers = [], volumes = [] } = workload?.spec?.template.spec ?? {};
  const byContainer = [...containers, ...initContainers].some(
    ({ env = [], envFrom = [] }) =>
      env.some(({ valueFrom }) => valueFrom?.secretKeyRef?.name === secretName) ||
      envFrom.some(({ secretRef }) => secretRef?.name === secretName),
  );
  return (
    byContainer ||
    volumes.some(
      ({ secret, projected }) =>
        secret?.secretName === secretName ||
        projected?.sources?.some((source) => source.secret?.name === secretName),
    )
  );
}

/**
 * What an entry says of frozen copies after it was brought up to a revision.
 *
 * @param content what the app's Secrets hold now; looked at only where `frozen` asks for it
 */
export function copiesOf(
  entry: AppStatus | undefined,
  revision: string,
  content: string | undefined,
  now: Date,
): Pick<AppStatus, 'frozen' | 'againAfter'> {
  const { revision: before, frozen, againAfter } = entry ?? {};
  if (before === undefined || before === revision) return given({ frozen, againAfter });
  const isStale = frozen !== undefined && frozen !== content;
  if (!isStale && againAfter === undefined) return given({ frozen });
  return given({ frozen: isStale ? undefined : frozen, againAfter: afterLastPods(now) });
}

/** An app that has come back from its first restart: the pods of before are about to end. */
export function withLastPods(entry: AppStatus, now: Date): AppStatus {
  return entry.againAfter === undefined ? entry : { ...entry, againAfter: afterLastPods(now) };
}

/** How long the pods of before may take yet, milliseconds. A clock that was set back makes nobody wait for longer. */
export function lastPodsLeftMs(againAfter: string, now: Date): number {
  const leftMs = (Date.parse(againAfter) || 0) - now.getTime();
  return Math.min(leftMs, LAST_PODS_MS);
}

function afterLastPods(now: Date): string {
  return new Date(now.getTime() + LAST_PODS_MS).toISOString();
}
