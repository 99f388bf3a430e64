import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';
import { editSpec, type SpecEdit } from './edit.ts';
import { called } from './find.ts';
import type { Context } from '../command/verb.ts';
import { waitUntilInForce } from './wait.ts';

/** Edits the spec of an addon, says so, and looks on until it is in force. */
export async function changeAddon(
  context: Context,
  nameOrId: string,
  what: string,
  edit: SpecEdit,
): Promise<Live<InfluxAddon>> {
  const { addon, changed } = await editSpec(await context.cluster(), nameOrId, edit);
  if (!changed) {
    context.terminal.say(`${called(addon)}: nothing to change`);
    return addon;
  }
  context.terminal.say(`${called(addon)}: ${what}`);
  return await settled(context, addon);
}

/** Waits unless --no-wait was given. */
export async function settled(context: Context, addon: Live<InfluxAddon>): Promise<Live<InfluxAddon>> {
  return context.given.flag('no-wait') ? addon : await waitUntilInForce(context, addon);
}
