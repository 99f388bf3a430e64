import { renameSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule, TestSpecification, Vitest } from 'vitest/node';
import type { FileReport, Report, TestReport, UnhandledError } from './report.ts';

type ErrorLike = Pick<SerializedError, 'message' | 'stack'> & { [key: string]: unknown };

/**
 * Writes what the runner needs to the file that TEST_REPORT names, anew whenever a file of tests starts or ends: when
 * vitest is killed or crashes, what ran until then is known. The only one that hears of unhandled errors.
 */
export default class JsonReporter implements Reporter {
  #root = process.cwd();
  #planned: string[] = [];
  readonly #running = new Set<string>();
  readonly #files = new Map<string, FileReport>();

  onInit(vitest: Vitest): void {
    this.#root = vitest.config.root;
  }

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.#planned = specifications.map(({ moduleId }) => this.#name(moduleId));
    this.#write({});
  }

  onTestModuleQueued(module: TestModule): void {
    this.#running.add(this.#name(module.moduleId));
    this.#write({});
  }

  onTestModuleEnd(module: TestModule): void {
    this.#running.delete(this.#name(module.moduleId));
    this.#add(module);
    this.#write({});
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[], reason: string): void {
    for (const module of modules) this.#add(module);
    const unhandled = errors.map((error) => this.#unhandled(error as ErrorLike));
    this.#write({ finished: reason !== 'interrupted', unhandled });
  }

  #add(module: TestModule): void {
    const file = this.#name(module.moduleId);
    const { duration, collectDuration, setupDuration } = module.diagnostic();
    const suites = [...module.children.allSuites()].flatMap((suite) => suite.errors());
    this.#files.set(file, {
      file,
      ended: ['passed', 'failed', 'skipped'].includes(module.state()),
      seconds: (duration + collectDuration + setupDuration) / 1_000,
      errors: [...module.errors(), ...suites].map((error) => this.#text(error as ErrorLike)),
      tests: [...module.children.allTests()].map((test) => this.#test(test)),
    });
  }

  #test(test: TestCase): TestReport {
    const { state, errors = [] } = test.result();
    return {
      name: test.fullName,
      line: test.location?.line,
      state,
      seconds: (test.diagnostic()?.duration ?? 0) / 1_000,
      errors: errors.map((error) => this.#text(error as ErrorLike)),
    };
  }

  #unhandled(error: ErrorLike): UnhandledError {
    const path = error['VITEST_TEST_PATH'];
    return { message: this.#text(error), file: typeof path === 'string' ? this.#name(path) : undefined };
  }

  /** The first line of the message, and the first line of code of the project that the stack names. */
  #text({ name, message, stack }: ErrorLike): string {
    const line = stripVTControlCharacters(String(message)).split('\n', 1)[0] ?? '';
    const kind = typeof name === 'string' && !['Error', 'AssertionError'].includes(name) ? `${name}: ` : '';
    const frame = (stack ?? '')
      .split('\n')
      .map((each) => /((?:\/|file:)[^\s()]+?):(\d+):\d+\)?$/.exec(each))
      .find((match) => match?.[1]?.includes(this.#root) && !match[1].includes('/node_modules/'));
    const where =
      frame === undefined || frame === null
        ? ''
        : ` (${this.#name(frame[1]!.replace('file://', ''))}:${frame[2]})`;
    return `${kind}${line}`.slice(0, 400) + where;
  }

  #name(path: string): string {
    return relative(this.#root, path);
  }

  #write(part: Partial<Report>): void {
    const path = process.env['TEST_REPORT'];
    if (path === undefined) return;
    const report: Report = {
      finished: false,
      planned: this.#planned,
      running: [...this.#running],
      files: [...this.#files.values()],
      unhandled: [],
      ...part,
    };
    writeFileSync(`${path}.partial`, JSON.stringify(report));
    renameSync(`${path}.partial`, path);
  }
}
