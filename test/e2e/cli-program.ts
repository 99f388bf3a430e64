import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { bundleCli } from '../../build/bundle-cli.ts';
import { ownerMark } from '../cluster/orphans.ts';
import type { Space } from './space.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The bundled kubectl-influx as a program, with the kubeconfig of a node and a namespace. */
export class CliProgram implements AsyncDisposable {
  /** Its home and where it is started; what it writes without being told where is there. */
  readonly folder: string;
  readonly #binary: string;
  readonly #space: Space;
  readonly #kubeconfig: string;
  readonly #running = new Set<ChildProcess>();

  private constructor(folder: string, binary: string, space: Space, kubeconfig: string) {
    this.folder = folder;
    this.#binary = binary;
    this.#space = space;
    this.#kubeconfig = kubeconfig;
  }

  static async install(space: Space, kubeconfig: string): Promise<CliProgram> {
    const folder = await mkdtemp(join(tmpdir(), 'cli-'));
    return new CliProgram(folder, await bundleCli(join(folder, 'bin')), space, kubeconfig);
  }

  /** @param path its PATH: without any `influx` unless a folder with one is named */
  start(args: readonly string[], path = '/nowhere') {
    const child = spawn(process.execPath, [this.#binary, ...args, '-n', this.#space.namespace], {
      cwd: this.folder,
      env: { PATH: path, HOME: this.folder, KUBECONFIG: this.#kubeconfig, ...ownerMark() },
    });
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    return child;
  }

  /** Runs it to its end. */
  async run(args: readonly string[], input = '', path?: string): Promise<Ended> {
    const child = this.start(args, path);
    // One that ends without reading is told by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    return { code, stdout, stderr };
  }

  /** Runs it, expects it to be done, and returns what it printed. */
  async done(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}
