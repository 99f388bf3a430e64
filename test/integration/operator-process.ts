import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { endWithParent } from '../cluster/component.ts';
import { freePorts } from '../cluster/free-ports.ts';
import { ownerMark } from '../cluster/orphans.ts';
import { eventually } from './children.ts';
import { TENANCY_FLAGS } from './operator-bed.ts';

/** The operator as it is deployed: a process of its own, with everything that it lets out. */
export class OperatorProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #metricsPort: number;
  /** Standard output and standard error. */
  output = '';

  private constructor(child: ChildProcess, metricsPort: number) {
    this.#child = child;
    this.#metricsPort = metricsPort;
    const take = (chunk: string): void => void (this.output += chunk);
    child.stdout?.setEncoding('utf8').on('data', take);
    child.stderr?.setEncoding('utf8').on('data', take);
  }

  /**
   * Resolves once it says that its caches are filled.
   *
   * @param main a bundle; default the sources
   */
  static async start(
    kubeconfig: string,
    args: string[],
    main = join(import.meta.dirname, '../../src/main.ts'),
  ): Promise<OperatorProcess> {
    const [healthPort = 0, metricsPort = 0, webhookPort = 0] = await freePorts(3);
    const ports = [
      `--health-port=${healthPort}`,
      `--metrics-port=${metricsPort}`,
      `--webhook-port=${webhookPort}`,
    ];
    const command = [main, 'operator', `--kubeconfig=${kubeconfig}`, ...TENANCY_FLAGS, ...ports, ...args];
    const child = spawn(...endWithParent(process.execPath, command), {
      env: { ...process.env, ...ownerMark() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const started = new OperatorProcess(child, metricsPort);
    await eventually('the operator to be ready', async () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${started.output}`);
      return (await fetch(`http://127.0.0.1:${healthPort}/readyz`)).ok;
    });
    return started;
  }

  async metrics(): Promise<string> {
    return await (await fetch(`http://127.0.0.1:${this.#metricsPort}/metrics`)).text();
  }

  /** Arguments and environment, as everybody on the node may see them. */
  async commandLine(): Promise<string> {
    const of = async (file: string) => await readFile(`/proc/${this.#child.pid}/${file}`, 'utf8');
    return `${await of('cmdline')}\n${await of('environ')}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    await ended;
  }
}
