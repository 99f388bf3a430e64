import { tlsModeOf } from '../../../api/addon-defaults.ts';
import type { InfluxAddonSpec } from '../../../api/influx-addon.ts';
import { changeAddon } from '../../edits/change.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import type { SpecPatch } from '../../edits/edit.ts';
import { called, findAddon } from '../../edits/find.ts';
import type { Given } from '../../command/given-options.ts';
import { restartLines } from '../../edits/preview.ts';
import { table } from '../../output/table.ts';
import type { Context } from '../../command/verb.ts';
import { settings } from './info.ts';

/** Without options: the settings. With some: changes them, in one edit. */
export async function run(context: Context): Promise<void> {
  const { given, terminal } = context;
  const addon = await findAddon(await context.cluster(), given.argument(0));
  const patch = patchOf(given, addon.spec);
  if (Object.keys(patch).length === 0) {
    const rows = settings(addon, context.now()).map(([name, value]) => [name, value]);
    for (const line of table(['SETTING', 'VALUE'], rows)) terminal.say(line);
    return;
  }
  const tls = given.text('tls');
  if (tls !== undefined && tls !== tlsModeOf(addon)) {
    terminal.note(`${called(addon)}: TLS ${tlsModeOf(addon)} -> ${tls}; the URL changes`);
    for (const line of restartLines(addon, 'with TLS switched')) terminal.note(`  ${line}`);
  }
  if (given.flag('dry-run')) {
    terminal.say(JSON.stringify({ spec: patch }));
    return;
  }
  const what = `set ${Object.keys(patch).join(', ')}`;
  await changeAddon(context, given.argument(0), what, ({ spec }) => patchOf(given, spec));
}

/** A merge patch of what was given, and of nothing else. Pure. Throws CliError (usage). */
export function patchOf(given: Given, spec: InfluxAddonSpec): SpecPatch {
  const window = defined({
    weekday: given.text('window-day'),
    startHour: given.number('window-hour', { min: 0, max: 23 }),
    durationHours: given.number('window-hours', { min: 1, max: 24 }),
  });
  const certificate = given.text('certificate');
  const tls = defined({
    mode: given.text('tls'),
    certificateRef: certificate === undefined ? undefined : nameOrNone(certificate),
  });
  const grow = given.text('auto-grow');
  const patch = defined({
    maintenanceWindow: window,
    tls,
    internetAccess: internetPatch(given),
    backups: backupsPatch(given, spec),
    storage: grow === undefined ? undefined : { autoGrow: grow },
    access: given.text('access') === undefined ? undefined : { policy: given.text('access') },
    deletionPolicy: given.text('deletion-policy'),
    deletionProtection: given.text('deletion-protection'),
  });
  return (patch ?? {}) as SpecPatch;
}

function internetPatch(given: Given): object | undefined {
  const ranges = given.texts('allow');
  const hostnames = given.texts('hostname');
  return defined({
    mode: given.text('internet'),
    allowedCIDRs: ranges.length === 0 ? undefined : ranges,
    hostnames: hostnames.length === 0 ? undefined : hostnames,
  });
}

function backupsPatch(given: Given, spec: InfluxAddonSpec): object | null | undefined {
  const store = given.text('backup-store');
  const patch = defined({
    storeRef: store === undefined ? undefined : { name: store },
    schedule: defined({
      mode: given.text('backup-schedule'),
      hour: given.number('backup-hour', { min: 0, max: 23 }),
    }),
    verify: given.text('backup-verify'),
  });
  if (patch === undefined) return undefined;
  if (store === 'none') return null;
  if (store === undefined && spec.backups === undefined)
    throw new CliError(EXIT.usage, 'the addon has no backup store yet: say --backup-store NAME too');
  return patch;
}

function nameOrNone(name: string): object | null {
  return name === 'none' ? null : { name };
}

/** The entries that have a value; undefined if none has. */
function defined(values: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
