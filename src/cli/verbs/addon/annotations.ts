import { isPaused, stateOf } from '../../../api/addon-defaults.ts';
import { Annotation } from '../../../api/annotations.ts';
import type { InfluxAddon } from '../../../api/influx-addon.ts';
import { InfluxAddon as AddonKind } from '../../../api/kinds.ts';
import type { Live } from '../../../kube/objects/types.ts';
import { annotate } from '../../edits/edit.ts';
import { called, findAddon } from '../../edits/find.ts';
import { progressOf } from '../../output/progress.ts';
import type { Context } from '../../command/verb.ts';
import { waitFor } from '../../edits/wait.ts';

/** Keeps the operator's hands off. */
export async function pause(context: Context): Promise<void> {
  await setPaused(context, true);
}

export async function resume(context: Context): Promise<void> {
  await setPaused(context, false);
}

/** Stops and starts the database once; apps are not restarted, since nothing that they depend on changes. */
export async function restart(context: Context): Promise<void> {
  await once(context, Annotation.restart, 'restarts', (addon) => {
    const handled = addon.status?.lastHandled?.restart;
    return stateOf(addon) === 'Stopped'
      ? { handled, line: 'it is stopped: its next start counts', ends: true }
      : { handled, line: progressOf(addon).line };
  });
}

/** New credentials; the apps get them before the old ones end. */
export async function rotate(context: Context): Promise<void> {
  await once(context, Annotation.rotate, 'its credentials are being changed', ({ status }) => ({
    handled: status?.lastHandled?.rotate,
    line: status?.rotation === undefined ? 'waiting for the operator' : status.rotation.message,
  }));
}

/** What waits for the maintenance window, now. */
export async function maintain(context: Context): Promise<void> {
  await once(context, Annotation.maintainNow, 'what waits for the window is brought now', ({ status }) => ({
    handled: status?.lastHandled?.maintainNow,
    line: status?.maintenance?.startedAt === undefined ? 'waiting for its turn' : 'in maintenance',
  }));
}

async function setPaused(context: Context, paused: boolean): Promise<void> {
  const cluster = await context.cluster();
  const addon = await findAddon(cluster, context.given.argument(0));
  if (isPaused(addon) === paused) {
    context.terminal.say(`${called(addon)}: nothing to change`);
    return;
  }
  await annotate(cluster, addon, { [Annotation.paused]: paused ? 'true' : null });
  context.terminal.say(
    `${called(addon)}: ${paused ? 'paused; kubectl influx resume ends it' : 'operated again'}`,
  );
}

/** Writes a new token, and waits until status remembers it. */
async function once(
  context: Context,
  key: string,
  what: string,
  read: (addon: Live<InfluxAddon>) => { handled: string | undefined; line: string; ends?: true },
): Promise<void> {
  const cluster = await context.cluster();
  const addon = await findAddon(cluster, context.given.argument(0));
  const token = context.now().toISOString();
  const { name, namespace = '' } = (await annotate(cluster, addon, { [key]: token })).metadata;
  context.terminal.say(`${called(addon)}: ${what}`);
  if (context.given.flag('no-wait')) return;
  await waitFor(context, async ({ client }) => {
    const found = await client.get(AddonKind, { namespace, name }, context.signal);
    if (found === undefined) return { done: true, line: 'the addon was deleted meanwhile' };
    const { handled, line, ends } = read(found);
    if (ends) return { done: true, line };
    return handled === token ? { done: true, line: 'done' } : { done: false, line };
  });
}
