import { stateOf } from '../../../api/addon-defaults.ts';
import { changeAddon } from '../../edits/change.ts';
import type { Context } from '../../command/verb.ts';

/** Scales the database to zero; data and Secrets stay. */
export async function stop(context: Context): Promise<void> {
  await become(context, 'Stopped');
}

/** Starts it again; bound apps are restarted once it answers. */
export async function start(context: Context): Promise<void> {
  await become(context, 'Running');
}

async function become(context: Context, state: 'Running' | 'Stopped'): Promise<void> {
  await changeAddon(context, context.given.argument(0), state === 'Running' ? 'starts' : 'stops', (addon) =>
    stateOf(addon) === state ? undefined : { state },
  );
}
