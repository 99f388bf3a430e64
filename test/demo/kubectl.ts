import { setTimeout as delay } from 'node:timers/promises';
import { kubectl } from '../cluster/binaries.ts';
import { kubectlCache } from '../cluster/kubeconfig.ts';
import { CommandError, run } from '../cluster/run-command.ts';
import { PATIENCE_MS } from '../patience.ts';

/** The real kubectl as the administrator of one cluster, as a person at a terminal would use it. */
export class Kubectl {
  readonly #command: string;
  readonly #kubeconfig: string;

  private constructor(command: string, kubeconfig: string) {
    this.#command = command;
    this.#kubeconfig = kubeconfig;
  }

  static async of(kubeconfig: string): Promise<Kubectl> {
    return new Kubectl(await kubectl(), kubeconfig);
  }

  /** Returns standard output. Throws CommandError. */
  async run(args: string[], options: { input?: string; signal?: AbortSignal } = {}): Promise<string> {
    return run(this.#command, ['--kubeconfig', this.#kubeconfig, ...args], {
      ...options,
      env: kubectlCache(this.#kubeconfig),
    });
  }

  /** The object, or undefined when it is not there. */
  async get<T>(kind: string, name: string, namespace = 'default'): Promise<T | undefined> {
    const out = await this.run(['get', kind, name, '-n', namespace, '-o', 'json', '--ignore-not-found']);
    return out === '' ? undefined : (JSON.parse(out) as T);
  }

  async apply(...objects: object[]): Promise<string> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    return this.run(['apply', '-f', '-'], { input });
  }

  /** Applies a kustomize folder, also when it holds objects of kinds that have just been defined. */
  async applyFolder(folder: string): Promise<string> {
    return untilServed(() => this.run(['apply', '-k', folder]));
  }

  /** Runs a command that goes on, such as `get --watch` or `logs --follow`, until the signal aborts or it ends. */
  async follow(args: string[], line: (text: string) => void, signal: AbortSignal): Promise<void> {
    try {
      await run(this.#command, ['--kubeconfig', this.#kubeconfig, ...args], {
        log: line,
        signal,
        env: kubectlCache(this.#kubeconfig),
      });
    } catch (error) {
      if (!signal.aborted || !(error instanceof CommandError)) throw error;
    }
  }
}

/**
 * Repeats a command while the API server does not tell of the kinds in it: it does so a moment after their definitions
 * are Established. Any other failure is one at once.
 */
export async function untilServed<T>(command: () => Promise<T>): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await command();
    } catch (error) {
      const isUnknownYet = /no matches for kind|could not find the requested resource/.test(String(error));
      if (!isUnknownYet || performance.now() > end) throw error;
    }
    await delay(100);
  }
}
