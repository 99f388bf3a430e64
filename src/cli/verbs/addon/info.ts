import {
  accessOf,
  appsOf,
  autoGrowOf,
  backupsOf,
  deletionPolicyOf,
  deletionProtectionOf,
  internetAccessOf,
  maintenanceWindowOf,
  tlsModeOf,
  variablesOf,
} from '../../../api/addon-defaults.ts';
import type { InfluxAddon } from '../../../api/influx-addon.ts';
import { windowInWords } from '../../../maintenance/window.ts';
import type { Live } from '../../../kube/objects/types.ts';
import { at } from '../../output/ago.ts';
import { findAddon } from '../../edits/find.ts';
import { printed } from '../../output/printed.ts';
import { conditionOf } from '../../output/progress.ts';
import { properties } from '../../output/table.ts';
import type { Context } from '../../command/verb.ts';

/** What the product's addons-info shows, and the other settings. */
export async function run(context: Context): Promise<void> {
  const addon = await findAddon(await context.cluster(), context.given.argument(0));
  if (await printed(context, [addon], true)) return;
  for (const line of infoLines(addon, context.now())) context.terminal.say(line);
}

export function infoLines(addon: Live<InfluxAddon>, now: Date): string[] {
  const { metadata, status } = addon;
  return properties([
    ['Addon', metadata.name],
    ['Namespace', metadata.namespace],
    ['ID', status?.id],
    ['Type', 'InfluxDB'],
    ['Plan', addon.spec.plan],
    ['Version', status?.version ?? addon.spec.version],
    ['Status', conditionOf(addon, 'Ready')?.reason],
    ['Variables', variablesOf(addon).join(' ')],
    ['URL Secret', status?.urlSecret],
    ['Binding Secret', status?.binding?.name],
    ['Endpoint', status?.endpoint],
    ['External endpoint', status?.externalEndpoint],
    [
      'Apps',
      appsOf(addon)
        .map(({ kind, name, env }) => `${kind}/${name} (${env})`)
        .join(', '),
    ],
    ...settings(addon, now),
    ['Storage', storageOf(addon)],
    ['Certificate ends', at(status?.certificate?.notAfter, now)],
    ['Created', at(metadata.creationTimestamp, now)],
  ]);
}

/** What `config` sets. */
export function settings(addon: Live<InfluxAddon>, now: Date): (readonly [string, string | undefined])[] {
  const { status } = addon;
  const backups = backupsOf(addon);
  const internet = internetAccessOf(addon);
  const access = accessOf(addon);
  return [
    ['Force TLS', tlsModeOf(addon)],
    [
      'Internet access',
      internet.mode === 'Disabled'
        ? internet.mode
        : `${internet.mode} for ${internet.allowedCIDRs.join(', ')}`,
    ],
    ['Network access', access.policy],
    ['Maintenance window', windowInWords(maintenanceWindowOf(addon))],
    ['Backups', backups === undefined ? 'no store' : scheduleWords(backups)],
    ['Last backup', at(status?.backups?.last?.time, now)],
    ['Auto grow', autoGrowOf(addon)],
    ['Deletion policy', deletionPolicyOf(addon)],
    ['Deletion protection', deletionProtectionOf(addon)],
  ];
}

function scheduleWords(backups: { store: string; dailyHour?: number; verify: string }): string {
  const when = backups.dailyHour === undefined ? 'no schedule' : `daily at ${backups.dailyHour}:00 UTC`;
  return `${when}, in ${backups.store}, verify ${backups.verify}`;
}

function storageOf({ status }: InfluxAddon): string | undefined {
  const { requested, actual } = status?.storage ?? {};
  return actual === undefined || actual === requested
    ? (actual ?? requested)
    : `${actual}, ${requested} asked for`;
}
