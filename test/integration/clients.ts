import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { helm, kubectl } from '../cluster/binaries.ts';
import { CommandError, run } from '../cluster/run-command.ts';

/** kubectl and helm as people use them, against one control plane. */
export class Clients implements AsyncDisposable {
  readonly #kubectl: string;
  readonly #helm: string;
  readonly #env: Record<string, string>;
  readonly #dir: string;

  private constructor(binaries: { kubectl: string; helm: string }, kubeconfig: string, dir: string) {
    this.#kubectl = binaries.kubectl;
    this.#helm = binaries.helm;
    this.#dir = dir;
    const folders = { HELM_CACHE_HOME: 'cache', HELM_CONFIG_HOME: 'config', HELM_DATA_HOME: 'data' };
    const own = Object.entries(folders).map(([name, folder]) => [name, join(dir, folder)]);
    this.#env = { KUBECONFIG: kubeconfig, KUBECACHEDIR: join(dir, 'kube'), ...Object.fromEntries(own) };
  }

  static async open(kubeconfig: string): Promise<Clients> {
    const binaries = { kubectl: await kubectl(), helm: await helm() };
    return new Clients(binaries, kubeconfig, await mkdtemp(join(tmpdir(), 'clients-')));
  }

  /** Returns what it wrote to standard output; throws CommandError. `log` is told every line of both outputs. */
  async kubectl(
    namespace: string,
    args: string[],
    input?: object,
    log?: (line: string) => void,
  ): Promise<string> {
    return await run(this.#kubectl, ['-n', namespace, ...args], {
      env: this.#env,
      ...(input === undefined ? {} : { input: JSON.stringify(input) }),
      ...(log === undefined ? {} : { log }),
    });
  }

  /** Installs or upgrades a release called `app` whose chart has this one object. */
  async helmUpgrade(namespace: string, object: object): Promise<void> {
    const chart = join(this.#dir, namespace);
    await mkdir(join(chart, 'templates'), { recursive: true });
    await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: app\nversion: 0.1.0\n');
    await writeFile(join(chart, 'templates', 'app.yaml'), JSON.stringify(object));
    await run(this.#helm, ['upgrade', '--install', 'app', chart, '-n', namespace], { env: this.#env });
  }

  /** What an apply would change, as kubectl shows it; empty when nothing. */
  async diff(namespace: string, object: object, serverSide: boolean): Promise<string> {
    const lines: string[] = [];
    const args = ['-n', namespace, 'diff', ...(serverSide ? ['--server-side'] : []), '-f', '-'];
    const options = {
      env: this.#env,
      input: JSON.stringify(object),
      log: (line: string) => lines.push(line),
    };
    try {
      await run(this.#kubectl, args, options);
      return '';
    } catch (reason) {
      if (reason instanceof CommandError && reason.exitCode === 1) return lines.join('\n');
      throw reason;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
  }
}
