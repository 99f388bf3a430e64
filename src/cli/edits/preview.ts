import { appsOf, stateOf } from '../../api/addon-defaults.ts';
import { lifecycleOf } from '../../api/catalogue-defaults.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { InfluxPlan } from '../../api/influx-plan.ts';
import { compareQuantities } from '../../kube/objects/quantity.ts';
import type { Live } from '../../kube/objects/types.ts';

/** What a change of the running database does, in lines for people; the operator decides by its own look at it. */
export interface Preview {
  readonly lines: readonly string[];
  /** Why it would be refused, as far as that can be told from here. */
  readonly refusal?: string;
}

export function previewPlan(
  addon: Live<InfluxAddon>,
  wanted: string,
  plans: readonly Live<InfluxPlan>[],
): Preview {
  const next = plans.find(({ metadata }) => metadata.name === wanted);
  const present = plans.find(({ metadata }) => metadata.name === (addon.status?.plan ?? addon.spec.plan));
  const names = plans
    .filter((plan) => lifecycleOf(plan) !== 'Withdrawn')
    .map(({ metadata }) => metadata.name);
  if (next === undefined)
    return { lines: [], refusal: `there is no plan ${wanted}; allowed: ${names.toSorted().join(', ')}` };
  if (lifecycleOf(next) === 'Withdrawn' && present !== next)
    return { lines: [], refusal: `the plan ${wanted} is withdrawn; allowed: ${names.toSorted().join(', ')}` };
  return {
    lines: [
      ...differences(present, next),
      storageLine(present, next),
      ...restartLines(addon, 'with the resources and parameters of the plan'),
    ],
  };
}

/** What stops and starts, for a change that restarts the database and then its apps. */
export function restartLines(addon: Live<InfluxAddon>, why: string): string[] {
  if (stateOf(addon) === 'Stopped') return ['The database is stopped: this takes effect when it is started.'];
  const apps = appsOf(addon);
  return [
    `The database is stopped and started once, ${why}; connections are dropped meanwhile.`,
    apps.length === 0
      ? 'No app is bound, so none is restarted.'
      : `Then each of these is restarted once: ${apps.map(({ kind, name }) => `${kind} ${name}`).join(', ')}.`,
  ];
}

function differences(present: Live<InfluxPlan> | undefined, next: Live<InfluxPlan>): string[] {
  const before = present === undefined ? undefined : shown(present);
  const changed = Object.entries(shown(next)).filter(([name, value]) => before?.[name] !== value);
  return changed.map(([name, value]) => `${name}: ${before?.[name] ?? 'not known'} -> ${value}`);
}

function shown({ spec }: InfluxPlan): Record<string, string> {
  const { memory, cpu, limits } = spec;
  return {
    class: spec.class,
    memory,
    cpu: cpu.limit,
    connections: String(limits.connections),
    'concurrent queries': String(limits.concurrentQueries),
    series: String(limits.series),
  };
}

function storageLine(present: Live<InfluxPlan> | undefined, next: Live<InfluxPlan>): string {
  const size = next.spec.storage.size;
  const order = present === undefined ? 1 : compareQuantities(size, present.spec.storage.size);
  if (order === 0) return `storage: stays ${size}`;
  return order > 0
    ? `storage: the volume grows to ${size}, where its StorageClass allows that`
    : `storage: the volume stays as large as it is; refused if it holds more than ${size} of data`;
}
