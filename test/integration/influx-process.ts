import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { adminStatements, bootstrapEnvironment } from '../../src/influx/v1/bootstrap.ts';
import {
  BOOTSTRAP_VERSION,
  bootstrapScript,
  type BootstrapOptions,
} from '../../src/influx/v1/bootstrap-script.ts';
import { InfluxClient } from '../../src/influx/v1/client.ts';
import { type Credentials } from '../../src/influx/credentials.ts';
import { engineParameters } from '../../src/influx/v1/parameters.ts';
import { type PlanSize } from '../../src/influx/pod-parts.ts';
import { HttpInfluxTransport, type InfluxEndpoint } from '../../src/influx/transport.ts';
import { endWithParent } from '../cluster/component.ts';
import { freePorts } from '../cluster/free-ports.ts';
import { influxBinaries, type InfluxVersion } from '../cluster/images/influxdb.ts';
import { ownerMark } from '../cluster/orphans.ts';

export const VERSIONS: InfluxVersion[] = ['1.6.7', '1.7.11', '1.8.10'];

export const ADMIN: Credentials = { username: 'admin', password: 'Canary-adm1n-secret' };

export const SMALL_PLAN: PlanSize = {
  memoryBytes: 512 * 1024 ** 2,
  cpuLimit: 1,
  limits: { connections: 100, concurrentQueries: 10, queryTimeout: '60s', series: 10_000 },
};

export const transport = new HttpInfluxTransport();

/** How a process ended: its code, or the signal's name, and all that it printed. */
export interface Ended {
  code: number | string;
  output: string;
}

/** The pod of one database as plain processes on loopback: its volume, its bootstrap step, its engine. */
export class Pod {
  readonly version: InfluxVersion;
  readonly dir: string;
  readonly stateDir: string;
  /** Of the engine, and of the bootstrap step, which the outside must not reach. */
  readonly port: number;
  readonly #bootstrapPort: number;
  readonly #rpcPort: number;
  readonly #path: string;
  readonly #running = new Set<ChildProcess>();

  constructor(version: InfluxVersion, dir: string, binDir: string, ports: number[]) {
    this.version = version;
    this.dir = dir;
    this.stateDir = join(dir, 'state');
    this.#path = `${binDir}:${process.env['PATH'] ?? '/usr/bin:/bin'}`;
    [this.port = 0, this.#bootstrapPort = 0, this.#rpcPort = 0] = ports;
  }

  static async create(version: InfluxVersion): Promise<Pod> {
    const { influxd } = await influxBinaries(version);
    const dir = await mkdtemp(join(tmpdir(), `influx-${version}-`));
    const pod = new Pod(version, dir, dirname(influxd), await freePorts(3));
    await mkdir(pod.stateDir);
    await mkdir(join(dir, 'statements'));
    await pod.mountAdmin(ADMIN);
    return pod;
  }

  get endpoint(): InfluxEndpoint {
    return { host: '127.0.0.1', port: this.port };
  }

  /** Of the backup service. */
  get rpcPort(): number {
    return this.#rpcPort;
  }

  get metaFile(): string {
    return join(this.stateDir, 'meta', 'meta.db');
  }

  client(credentials?: Credentials): InfluxClient {
    return new InfluxClient(transport, this.endpoint, credentials);
  }

  /** Writes the Secret's files. */
  async mountAdmin(admin: Credentials): Promise<void> {
    for (const [name, text] of Object.entries(adminStatements(admin)))
      await writeFile(join(this.dir, 'statements', name), text);
  }

  async terminationMessage(): Promise<string> {
    return readFile(join(this.dir, 'termination-log'), 'utf8').catch(() => '');
  }

  /** Starts the init container's script. */
  startBootstrap(shell = 'sh', deadlineSeconds = 60, version?: string): Process {
    const options: BootstrapOptions = {
      stateDir: this.stateDir,
      statementsDir: join(this.dir, 'statements'),
      scratchDir: join(this.dir, 'scratch'),
      terminationLog: join(this.dir, 'termination-log'),
      httpPort: this.#bootstrapPort,
      rpcPort: this.#rpcPort,
      deadlineSeconds,
    };
    return this.#start(shell, ['-c', bootstrapScript(options)], {
      ...bootstrapEnvironment(options),
      HOME: this.dir,
      ...(version === undefined ? {} : { [BOOTSTRAP_VERSION]: version }),
    });
  }

  async bootstrap(shell?: string, version?: string): Promise<Ended> {
    return this.startBootstrap(shell, undefined, version).ended;
  }

  /** Starts the main container's engine; `environment` on top of the plan's. */
  startEngine(
    options: { plan?: PlanSize; tlsDir?: string; environment?: Record<string, string> } = {},
  ): Process {
    const parameters = engineParameters(
      options.plan ?? SMALL_PLAN,
      { version: this.version, tls: options.tlsDir !== undefined },
      {
        stateDir: this.stateDir,
        http: `127.0.0.1:${this.port}`,
        rpc: `127.0.0.1:${this.#rpcPort}`,
        ...(options.tlsDir === undefined ? {} : { tlsDir: options.tlsDir }),
      },
    );
    return this.#start('influxd', [], { ...parameters, HOME: this.dir, ...options.environment });
  }

  /** Starts the engine and waits until it answers. */
  async engine(options: Parameters<Pod['startEngine']>[0] = {}): Promise<Process> {
    const engine = this.startEngine(options);
    await this.answers(engine);
    return engine;
  }

  async answers(engine: Process): Promise<void> {
    while (!engine.hasEnded) {
      try {
        await this.client().ping();
        return;
      } catch {
        await sleep(20);
      }
    }
    throw new Error(`influxd ended: ${(await engine.ended).output.slice(-2_000)}`);
  }

  /** Ends what still runs and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) killGroup(child, 'SIGKILL');
    while (this.#running.size > 0) await sleep(5);
    await rm(this.dir, { recursive: true, force: true });
  }

  #start(command: string, args: string[], environment: Record<string, string>): Process {
    // A group of its own: like a container, it ends with all that it started.
    const child = spawn(...endWithParent(command, args), {
      env: { PATH: this.#path, ...ownerMark(), ...environment },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    return new Process(child);
  }
}

export class Process {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code: code ?? signal ?? 'unknown', output }));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** To the process alone, as the kubelet does. */
  terminate(): Promise<Ended> {
    this.#child.kill('SIGTERM');
    return this.ended;
  }

  /** To it and all that it started, as the end of a container is. */
  kill(): Promise<Ended> {
    killGroup(this.#child, 'SIGKILL');
    return this.ended;
  }

  /** Ids of the processes of its group. */
  async group(): Promise<number[]> {
    const found: number[] = [];
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (group === String(this.pid) && state !== 'Z') found.push(Number(name));
    }
    return found;
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // all of the group has ended
  }
}
