import type { Figures } from './rig.ts';

/** A line for each figure: its budget, the median of the runs, and the least and the most. */
export function table(size: number, figures: readonly Figures[], dumbRates: readonly number[]): string[] {
  const arms = [...new Set(figures.map(({ arm }) => arm))];
  const rows = arms.flatMap((arm) =>
    ofArm(
      size,
      arm,
      figures.filter((each) => each.arm === arm),
    ),
  );
  return [...rows, ...line(size, 'dumb', 'objects with all that belongs to them, a second', '', dumbRates)];
}

function ofArm(size: number, arm: string, runs: readonly Figures[]): string[] {
  const row = (what: string, budget: string, pick: (each: Figures) => number | undefined, digits = 1) =>
    line(
      size,
      arm,
      what,
      budget,
      runs.map((each) => pick(each) ?? Number.NaN),
      digits,
    );
  const isOne = size === 1;
  const parts = Object.keys(runs[0]?.cpuMs ?? {});
  const requests = Object.keys(runs[0]?.requests ?? {}).filter((what) => !what.endsWith(' leases'));
  return [
    ...row('create to StatefulSet, p50, ms', '', ({ sets }) => sets.p50Ms, 0),
    ...row('create to StatefulSet, p99, ms', '', ({ sets }) => sets.p99Ms, 0),
    ...row('create to Ready, p50, ms', isOne ? '400' : 'p99 / 2', ({ ready }) => ready?.p50Ms, 0),
    ...row('create to Ready, p99, ms', isOne ? '1000' : '', ({ ready }) => ready?.p99Ms, 0),
    ...(isOne ? [] : row('StatefulSets a second', '2x the peer', ({ sets }) => sets.rate)),
    ...(isOne ? [] : row('Ready a second', 'half the dumb', ({ ready }) => ready?.rate)),
    ...(isOne
      ? []
      : row(
          'Ready a second in the last tenth / in all',
          '0.8',
          ({ ready }) => ready && ready.lastTenthRate / ready.rate,
          2,
        )),
    ...parts.flatMap((part) =>
      row(`CPU of ${part} each, ms`, part === 'operator' ? '31' : '', ({ cpuMs }) => cpuMs[part]),
    ),
    ...row(
      'RSS of the operator, MB',
      size <= 100 ? '110' : size <= 1000 ? '140' : '350',
      ({ rssBytes }) => rssBytes / 1e6,
    ),
    ...row('RSS of the operator at its highest, MB', '', ({ peakRssBytes }) => peakRssBytes / 1e6),
    ...row('API writes each, Events apart', '11', ({ writesPerObject }) => writesPerObject, 2),
    ...row('Events each', '4', ({ eventsPerObject }) => eventsPerObject, 2),
    ...requests.flatMap((what) => row(`  ${what}, each`, '', (each) => (each.requests[what] ?? 0) / size, 2)),
    ...row('writes in the quiet time', '0', ({ quietWrites }) => quietWrites, 0),
    ...row('reads in the quiet time', '0', ({ quietReads }) => quietReads, 0),
    ...row('of a core in the quiet time, %', '', ({ quietCpu }) => quietCpu, 2),
  ];
}

function line(
  size: number,
  arm: string,
  what: string,
  budget: string,
  values: readonly number[],
  digits = 1,
): string[] {
  const all = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
  if (all.length === 0) return [];
  const median = all[Math.floor(all.length / 2)] ?? 0;
  const range = `${(all[0] ?? 0).toFixed(digits)} - ${(all.at(-1) ?? 0).toFixed(digits)}`;
  return [
    [
      String(size).padStart(6),
      arm.padEnd(10),
      what.padEnd(48),
      budget.padEnd(14),
      median.toFixed(digits).padStart(8),
      range,
    ].join(' | '),
  ];
}
