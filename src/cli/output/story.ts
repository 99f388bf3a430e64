import { appsOf, maintenanceWindowOf } from '../../api/addon-defaults.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';
import { nextWindow, windowInWords } from '../../maintenance/window.ts';
import { at, relative } from './ago.ts';
import { called } from '../edits/find.ts';
import { conditionOf, progressOf } from './progress.ts';
import { properties } from './table.ts';

/** Conditions that say, while they are true, that a limit comes near. */
const LIMITS = ['StorageFilling', 'CardinalityHigh', 'MemoryExhausted'] as const;

/** What happens now, why, and what is next: lines for people. Pure. */
export function story(addon: Live<InfluxAddon>, now: Date): string[] {
  const { status } = addon;
  const ready = conditionOf(addon, 'Ready');
  const available = conditionOf(addon, 'Available');
  return [
    `${called(addon)}: ${ready?.reason ?? 'not seen by the operator yet'}`,
    ...properties([
      ['now', nowLine(addon)],
      ['since', relative(ready?.lastTransitionTime, now)],
      ['database', databaseLine(available?.status, status?.endpoint)],
      ['plan', wishAndForce(addon.spec.plan, status?.plan)],
      ['version', wishAndForce(addon.spec.version, status?.version)],
      ['apps', appsLine(addon)],
      [
        'rotation',
        status?.rotation === undefined ? undefined : `${status.rotation.phase}: ${status.rotation.message}`,
      ],
    ]),
    ...attention(addon),
    ...section('next', nextLines(addon, now)),
  ];
}

function nowLine(addon: Live<InfluxAddon>): string {
  const progress = progressOf(addon);
  if (progress.state === 'Stuck') return `${progress.line} Nothing more happens until you act.`;
  return conditionOf(addon, 'Ready')?.message ?? progress.line;
}

function databaseLine(available: string | undefined, endpoint: string | undefined): string | undefined {
  const answers =
    available === 'True' ? 'answers' : available === 'False' ? 'does not answer' : 'is not known';
  return available === undefined ? undefined : `${answers}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
}

function wishAndForce(wanted: string | undefined, inForce: string | undefined): string | undefined {
  if (wanted === undefined || inForce === undefined || inForce === wanted || inForce.startsWith(`${wanted}.`))
    return inForce ?? wanted;
  return `${inForce}, and ${wanted} is asked for`;
}

function appsLine(addon: Live<InfluxAddon>): string | undefined {
  if (appsOf(addon).length === 0) return undefined;
  const current = conditionOf(addon, 'AppsCurrent');
  const count = addon.status?.appsReady ?? 'not known yet';
  return current?.status === 'False' ? `${count}; ${current.reason}: ${current.message}` : count;
}

function attention(addon: Live<InfluxAddon>): string[] {
  const lines = LIMITS.map((type) => conditionOf(addon, type))
    .filter((condition) => condition?.status === 'True')
    .map((condition) => `${condition?.type}: ${condition?.message}`);
  const backups = conditionOf(addon, 'BackupsHealthy');
  if (backups?.status === 'False') lines.push(`${backups.type} is false: ${backups.message}`);
  return section('attention', lines);
}

function nextLines(addon: Live<InfluxAddon>, now: Date): string[] {
  const { status } = addon;
  const lines: string[] = [];
  const window = maintenanceWindowOf(addon);
  const pending = status?.maintenance?.pending ?? [];
  const opening = nextWindow(window, now);
  const begins = opening.open ? 'is open now' : `opens ${at(opening.start.toISOString(), now)}`;
  lines.push(`the maintenance window (${windowInWords(window)}) ${begins}`);
  for (const { what, latest } of pending)
    lines.push(
      `waits for it: ${what}${latest === undefined ? '' : `, at the latest ${at(latest, now)}`}; kubectl influx maintain brings it now`,
    );
  const backup = at(status?.backups?.next, now);
  if (backup !== undefined) lines.push(`a backup ${backup}`);
  const ends = at(status?.certificate?.notAfter, now);
  const own = addon.spec.tls?.certificateRef?.name;
  const renewed = own === undefined ? 'is renewed before' : `is yours to renew, in the Secret ${own}`;
  if (ends !== undefined) lines.push(`the certificate ends ${ends}, and ${renewed}`);
  const upgrades = status?.availableUpgrades ?? [];
  if (upgrades.length > 0) lines.push(`newer versions you may choose: ${upgrades.join(', ')}`);
  return lines;
}

function section(name: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${name}:`, ...lines.map((line) => `  - ${line}`)];
}
