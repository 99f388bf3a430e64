import type { Tally, Violation } from './campaign.ts';

/** A line for each scenario, and the seeds of what went wrong. */
export function printSummary(
  tallies: readonly Tally[],
  violations: readonly Violation[],
  seconds: number,
): void {
  const names = [...new Set(tallies.map(({ scenario }) => scenario))];
  console.log(`\n${'scenario'.padEnd(28)} engine   runs  struck  violations`);
  for (const name of names) {
    const of = tallies.filter(({ scenario }) => scenario === name);
    const sum = (value: (tally: Tally) => number) => of.reduce((total, tally) => total + value(tally), 0);
    const runs = sum((tally) => tally.runs);
    const struck = runs - sum((tally) => tally.missed);
    const wrong = sum((tally) => tally.violations.length);
    console.log(
      `${name.padEnd(28)} ${(of[0]?.engine ?? '').padEnd(6)} ${String(runs).padStart(6)} ${String(struck).padStart(7)} ${String(wrong).padStart(11)}`,
    );
  }
  const all = tallies.reduce((total, { runs }) => total + runs, 0);
  console.log(
    `\n${all} runs of ${names.length} scenarios in ${seconds.toFixed(0)} s, ${violations.length} violations`,
  );
  for (const { seed, what } of violations)
    console.log(`  --seed '${seed}'\n      ${what.slice(0, 3).join('\n      ')}`);
}
