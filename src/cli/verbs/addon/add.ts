import { variablesOf } from '../../../api/addon-defaults.ts';
import type { InfluxAddonSpec } from '../../../api/influx-addon.ts';
import { InfluxAddon } from '../../../api/kinds.ts';
import { boundApp } from '../../edits/bound-app.ts';
import { settled } from '../../edits/change.ts';
import type { Given } from '../../command/given-options.ts';
import { printed } from '../../output/printed.ts';
import { properties } from '../../output/table.ts';
import type { Context } from '../../command/verb.ts';

/** Makes an addon; prints its id and the variables. */
export async function run(context: Context): Promise<void> {
  const { given, terminal } = context;
  const { client, namespace } = await context.cluster();
  const name = given.argument(0);
  const wanted = { metadata: { namespace, name }, spec: specOf(given) };
  const made = await client.create(InfluxAddon, wanted, context.signal);
  terminal.note(`Addon ${name} of the plan ${wanted.spec.plan} is being made in ${namespace}`);
  const addon = await settled(context, made);
  if (await printed(context, [addon], true)) return;
  const { status } = addon;
  const lines = properties([
    ['ID', status?.id],
    ['Variables', variablesOf(addon).join(' ')],
    ['Secret', status?.urlSecret],
    ['Apps', status?.appsReady],
  ]);
  for (const line of lines) terminal.say(line);
}

/** The spec that the options ask for. */
export function specOf(given: Given): InfluxAddonSpec {
  const apps = given.texts('app').map((text) => boundApp(text, given.flag('inject')));
  const version = given.text('version');
  const store = given.text('backup-store');
  const backup = given.text('from-backup');
  return {
    plan: given.argument(1),
    ...(version === undefined ? {} : { version }),
    ...(apps.length === 0 ? {} : { apps }),
    ...(given.flag('tls') ? { tls: { mode: 'Required' } } : {}),
    ...(store === undefined ? {} : { backups: { storeRef: { name: store } } }),
    ...(backup === undefined ? {} : { restoreFrom: { backupRef: { name: backup } } }),
  };
}
