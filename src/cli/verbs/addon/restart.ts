import { changeAddon } from '../../edits/change.ts';
import type { Context } from '../../command/verb.ts';

/** An annotation of the pod: another value is another pod, as for `kubectl rollout restart`. */
const RESTARTED = 'kubectl-influx/restarted-at';

/** Stops and starts the database once; apps are not restarted, since nothing that they depend on changes. */
export async function run(context: Context): Promise<void> {
  const at = context.now().toISOString();
  await changeAddon(context, context.given.argument(0), 'restarts', () => ({
    placement: { podAnnotations: { [RESTARTED]: at } },
  }));
}
