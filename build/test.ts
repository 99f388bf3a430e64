import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lint } from './lint.ts';

interface Tally {
  passed: number;
  failed: number;
}

/** The layers of tests, the quickest first: what fails early fails cheaply. All of them run in any case. */
const PROJECTS = ['unit', 'integration', 'e2e'] as const;

const started = performance.now();
const wanted = process.argv.slice(2);
const total: Tally = { passed: 0, failed: 0 };
const rows: string[] = [];

section('lint');
add(
  'lint',
  lint((line) => console.log(line)),
);
for (const project of PROJECTS.filter((each) => wanted.length === 0 || wanted.includes(each))) {
  section(project);
  add(project, await vitest(project));
}

section('summary');
for (const row of rows) console.log(row);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);

function section(name: string): void {
  console.log(`\n=== ${name} (${seconds()} s since the start)`);
}

function seconds(): string {
  return ((performance.now() - started) / 1000).toFixed(0);
}

function add(name: string, { passed, failed }: Tally): void {
  total.passed += passed;
  total.failed += failed;
  rows.push(`${name.padEnd(12)} ${passed} ok, ${failed} not (${seconds()} s)`);
}

/** Runs one project and counts its tests; a test that was skipped counts as failed, since nothing may be skipped silently. */
async function vitest(project: string): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'tests-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=tree', '--reporter=json', `--outputFile.json=${report}`];
  const code = await new Promise<number>((resolve, reject) => {
    const child = spawn('node_modules/.bin/vitest', ['run', '--project', project, ...reporters], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? 1));
  });
  try {
    const { numTotalTests, numPassedTests, numFailedTestSuites } = JSON.parse(
      readFileSync(report, 'utf8'),
    ) as {
      numTotalTests: number;
      numPassedTests: number;
      numFailedTestSuites: number;
    };
    const failed = numTotalTests - numPassedTests;
    // A file that fails to load has no tests to fail.
    const hidden = failed === 0 && (numFailedTestSuites > 0 || code !== 0 || numTotalTests === 0) ? 1 : 0;
    return { passed: numPassedTests, failed: failed + hidden };
  } catch {
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
