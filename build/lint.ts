import { spawnSync } from 'node:child_process';
import { layerViolations } from './layers.ts';
import { lockFileGaps } from './lock-file.ts';

/** One check of the sources; silent when it passes. */
export interface Check {
  readonly name: string;
  /** What is wrong; empty when nothing is. */
  readonly run: () => string;
}

export const checks: readonly Check[] = [
  { name: 'types (tsc)', run: () => command('tsc', ['--project', '.']) },
  {
    name: 'types of the page in the browser (tsc)',
    run: () => command('tsc', ['--project', 'src/dashboard/page']),
  },
  {
    name: 'rules (oxlint, type-aware)',
    run: () =>
      command('oxlint', ['--type-aware', '--deny-warnings', 'src', 'test', 'build', 'vitest.config.ts']),
  },
  { name: 'format (biome)', run: () => command('biome', ['ci', '--colors=off', '.']) },
  { name: 'unused code and dependencies (knip)', run: () => command('knip', ['--no-progress']) },
  { name: 'lock file is complete (else: node build/lock-file.ts)', run: () => lockFileGaps().join('\n') },
  { name: 'layers and funnels', run: () => layerViolations(process.cwd()).join('\n') },
];

function command(name: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(`node_modules/.bin/${name}`, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (error !== undefined) return String(error);
  return status === 0 ? '' : `${stdout}${stderr}`.trim() || `${name} ended with ${status}`;
}

/** Runs all of them; returns those that did not pass, with what they said. */
export function lint(say: (line: string) => void): { name: string; wrong: string }[] {
  const failures: { name: string; wrong: string }[] = [];
  for (const { name, run } of checks) {
    const wrong = run();
    say(`${wrong === '' ? 'ok  ' : 'FAIL'} ${name}${wrong === '' ? '' : `\n${wrong}`}`);
    if (wrong !== '') failures.push({ name, wrong });
  }
  return failures;
}

if (import.meta.main) {
  process.exit(lint((line) => console.log(line)).length === 0 ? 0 : 1);
}
