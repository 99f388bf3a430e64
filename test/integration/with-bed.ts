import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { ControlPlaneOptions } from '../cluster/control-plane.ts';
import { type OperatorBed, startOperatorBed } from './operator-bed.ts';

export interface WithBedOptions extends ControlPlaneOptions {
  /**
   * `Test`: what a test started or broke ends with it, also when it failed. `File`: operators, rules and faults stay
   * until the end of the file, for tests that run side by side in one bed.
   */
  readonly keep?: 'Test' | 'File';
}

/** One bed for the tests of a file; `assign` is given it before the first of them. */
export function withOperatorBed(assign: (bed: OperatorBed) => void, options: WithBedOptions = {}): void {
  const { keep = 'Test', ...planeOptions } = options;
  const loop = monitorEventLoopDelay();
  let bed: OperatorBed | undefined;
  beforeAll(async () => {
    loop.enable();
    bed = await startOperatorBed(planeOptions);
    assign(bed);
  });
  afterEach(async ({ task }) => {
    if (bed === undefined) return;
    if (task.result?.state === 'fail') preserve(bed, task.file.filepath, task.name, loop.max / 1e6);
    if (keep === 'File') return;
    await bed.stopOperators();
    bed.kubelet.clearRules();
    bed.kubelet.engine.clearFaults();
  });
  afterAll(async () => {
    await bed?.[Symbol.asyncDispose]();
    loop.disable();
  });
}

/** What tells afterwards how a test failed: the logs of the components, who asked for what, and how the node fared. */
function preserve(bed: OperatorBed, file: string, test: string, longestStallMs: number): void {
  const artefacts = process.env['TEST_ARTEFACTS'];
  if (artefacts === undefined) return;
  const to = join(artefacts, 'beds', basename(file, '.test.ts'));
  mkdirSync(to, { recursive: true });
  const { failures, engine } = bed.kubelet;
  const seen = {
    test,
    longestStallMs,
    failures,
    violations: engine.violations,
    unknown: engine.unknownStatements,
  };
  writeFileSync(join(to, 'node.json'), JSON.stringify(seen, null, 2));
  const { auditLogPath } = bed.plane;
  if (auditLogPath === undefined) return;
  cpSync(auditLogPath, join(to, 'audit.log'));
  cpSync(join(dirname(auditLogPath), 'logs'), join(to, 'logs'), { recursive: true, force: true });
}
