import type { LayerResult, Verdict } from './layer.ts';
import type { Trouble } from './report.ts';

export interface SummaryFacts {
  readonly layers: readonly LayerResult[];
  readonly seconds: number;
  /** What the whole run may take. */
  readonly budgetSeconds: number;
  readonly slowness: number;
  readonly load: number;
}

const SLOWEST = 8;
/** Of one file: a broken bed fails them all, and the first ones tell. */
const TESTS_TOLD = 6;

/** The end of the output; its last line is all that counts for a machine. */
export function summary({ layers, seconds, budgetSeconds, slowness, load }: SummaryFacts): string[] {
  const total = (of: 'passed' | 'failed'): number => layers.reduce((sum, layer) => sum + layer[of], 0);
  const slowest = layers
    .flatMap(({ files }) => files)
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST)
    .map((each) => `${each.file.replace(/^.*\//, '').replace('.test.ts', '')} ${each.seconds.toFixed(0)} s`);
  const over =
    seconds > budgetSeconds ? `OVER THE BUDGET of ${budgetSeconds} s` : `budget ${budgetSeconds} s`;
  const verdicts = layers.flatMap((layer) => layer.verdicts);
  const order = ['FLAKY', 'NOT RUN', 'FAILED'];
  return [
    `summary (${seconds.toFixed(0)} s, ${over}; load ${load.toFixed(1)}; slowness ${slowness.toFixed(1)})`,
    ...layers.map(row),
    ...(slowest.length === 0 ? [] : [`slowest: ${slowest.join(', ')}`]),
    '',
    ...verdicts.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind)).flatMap(tell),
    `${total('passed')} passed, ${total('failed')} failed`,
  ];
}

function row({ name, passed, failed, seconds, verdicts }: LayerResult): string {
  const flaky = verdicts.filter(({ kind }) => kind === 'FLAKY').length;
  const numbers = `${String(passed).padStart(6)} ok ${String(failed).padStart(5)} failed`;
  return `${name.padEnd(12)}${numbers} ${seconds.toFixed(0).padStart(6)} s${flaky > 0 ? `   flaky ${flaky}` : ''}`;
}

function tell(verdict: Verdict): string[] {
  const { kind, layer, file, first, again, logs } = verdict;
  const at = file ?? layer;
  // Often all of a layer: a line each, so that what failed stays in sight.
  if (kind === 'NOT RUN') return [`NOT RUN  ${at}: ${first[0]?.message}`];
  const names = [...new Set([...first, ...(again ?? [])].map(({ name }) => name))];
  const lines = names.slice(0, TESTS_TOLD).flatMap((name) => {
    const one = (troubles: readonly Trouble[] | undefined): Trouble | undefined =>
      troubles?.find((each) => each.name === name);
    const line = (one(first) ?? one(again))?.line;
    const place = line === undefined ? at : `${at}:${line}`;
    return [
      [kind.padEnd(8), place, name].filter((part) => part !== undefined).join(' '),
      `         first  ${one(first)?.message ?? 'passed'}`,
      ...(again === undefined ? [] : [`         again  ${one(again)?.message ?? 'clean'}`]),
    ];
  });
  if (names.length > TESTS_TOLD) lines.push(`         and ${names.length - TESTS_TOLD} more of this file`);
  if (logs.length > 0) lines.push(`         logs   ${logs.join(', ')}`);
  return [...lines, `         rerun  ${verdict.rerun ?? rerun(layer, file)}`];
}

/** The command that does the same again alone. */
function rerun(layer: string, file: string | undefined): string {
  if (layer === 'lint') return 'npm run lint';
  if (layer === 'prepare') return 'npm run prepare:tests';
  // What was asked for is known only when everything ran.
  if (layer === 'rights') return 'npm test';
  if (layer === 'chaos') return 'npm run chaos -- quick';
  return `npx vitest run --project ${layer}${file === undefined ? '' : ` ${file}`}`;
}
