import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bootstrapEnvironment } from '../../../src/influx/v1/bootstrap.ts';
import { bootstrapScript } from '../../../src/influx/v1/bootstrap-script.ts';
import { endWithParent } from '../../cluster/component.ts';
import { influxBinaries, type InfluxVersion } from '../../cluster/images/influxdb.ts';
import { ownerMark } from '../../cluster/orphans.ts';
import type { StartOptions } from '../../cluster/fakes/fake-engine.ts';
import type { Engines } from '../../cluster/fakes/kubelet/engines.ts';

/** InfluxDB processes on loopback addresses, in the pods of a fake node; a folder for each volume. */
export class RealEngines implements Engines {
  readonly #dir: string;
  /** By address: of the bootstrap step, or of the engine. */
  readonly #processes = new Map<string, ChildProcess>();

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async create(): Promise<RealEngines> {
    return new RealEngines(await mkdtemp(join(tmpdir(), 'chaos-influx-')));
  }

  async bootstrap(
    storageKey: string,
    files: Record<string, string>,
    { address, version = '1.8.10' }: { address: string; version: string | undefined },
  ): Promise<string | undefined> {
    const { stateDir, statementsDir, scratchDir } = await this.#folders(storageKey);
    for (const [name, text] of Object.entries(files))
      if (name.endsWith('.iql')) await writeFile(join(statementsDir, name), text);
    const options = {
      stateDir,
      statementsDir,
      scratchDir,
      terminationLog: join(scratchDir, 'termination-log'),
      host: address,
      deadlineSeconds: 60,
    };
    await mkdir(scratchDir, { recursive: true });
    const child = await this.#spawn(address, version, 'sh', ['-c', bootstrapScript(options)], {
      ...bootstrapEnvironment(options),
      HOME: scratchDir,
    });
    const [code] = (await once(child.process, 'close')) as [number | null];
    this.#processes.delete(address);
    return code === 0 ? undefined : `code ${code}: ${child.output().slice(-500)}`;
  }

  async start(
    address: string,
    storageKey: string,
    env: Record<string, string>,
    { version = '1.8.10', tls }: StartOptions,
  ): Promise<void> {
    const { stateDir, scratchDir } = await this.#folders(storageKey);
    await mkdir(scratchDir, { recursive: true });
    const moved = Object.fromEntries(
      Object.entries(env).map(([name, value]) => [name, value.replaceAll('/var/lib/influxdb', stateDir)]),
    );
    const files = { cert: join(scratchDir, 'tls.crt'), key: join(scratchDir, 'tls.key') };
    if (tls !== undefined) {
      await writeFile(files.cert, tls.cert);
      await writeFile(files.key, tls.key);
      moved['INFLUXDB_HTTP_HTTPS_CERTIFICATE'] = files.cert;
      moved['INFLUXDB_HTTP_HTTPS_PRIVATE_KEY'] = files.key;
    }
    const child = await this.#spawn(address, version, 'influxd', [], {
      ...moved,
      INFLUXDB_HTTP_BIND_ADDRESS: `${address}:8086`,
      INFLUXDB_BIND_ADDRESS: `${address}:8088`,
      HOME: scratchDir,
    });
    while (child.process.exitCode === null && this.#processes.get(address) === child.process) {
      if (await listens(address)) return;
      await delay(20);
    }
    throw new Error(`influxd at ${address} ended: ${child.output().slice(-500)}`);
  }

  async stop(address: string): Promise<void> {
    const child = this.#processes.get(address);
    if (child?.pid === undefined) return;
    this.#processes.delete(address);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    // A group of its own: like a container, it ends with all that it started.
    process.kill(-child.pid, 'SIGKILL');
    await closed;
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((address) => this.stop(address)));
    await rm(this.#dir, { recursive: true, force: true });
  }

  forget(storageKey: string): void {
    void rm(join(this.#dir, storageKey), { recursive: true, force: true });
  }

  async #folders(storageKey: string) {
    const at = join(this.#dir, storageKey);
    const folders = {
      stateDir: join(at, 'state'),
      statementsDir: join(at, 'statements'),
      scratchDir: join(at, 'scratch'),
    };
    await mkdir(folders.stateDir, { recursive: true });
    await mkdir(folders.statementsDir, { recursive: true });
    return folders;
  }

  async #spawn(
    address: string,
    version: string,
    command: string,
    args: string[],
    env: Record<string, string>,
  ): Promise<{ process: ChildProcess; output: () => string }> {
    const { influxd } = await influxBinaries(version as InfluxVersion);
    const path = `${dirname(influxd)}:${process.env['PATH'] ?? '/usr/bin:/bin'}`;
    const [program, argv] = endWithParent(command, args);
    const child = spawn(program, argv, {
      env: { PATH: path, ...ownerMark(), ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#processes.set(address, child);
    let output = '';
    const take = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000));
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    return { process: child, output: () => output };
  }
}

async function listens(address: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(8086, address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
