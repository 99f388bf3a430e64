import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAgent, type Agent } from '../../../src/agent/agent.ts';
import { AGENT_FILES, AGENT_NAME } from '../../../src/backup/agent-files.ts';
import type { BackupLocation } from '../../../src/backup/location.ts';
import type { BackupJobSpec, RestoreJobSpec, StoreSpec } from '../../../src/backup/protocol.ts';
import { makePrivatePair } from '../../../src/tls/private-pair.ts';
import { startS3Server, type S3Server } from '../../cluster/s3-server.ts';
import type { InfluxVersion } from '../../cluster/images/influxdb.ts';
import { ADMIN, Pod, type Process } from '../influx-process.ts';
import { newUid, type JobPodOptions } from './job-pod.ts';

export const DATABASE = 'shop_1234';

/** A running database with an agent beside it, and a store: what a backup needs. */
export class Scene implements AsyncDisposable {
  readonly pod: Pod;
  readonly s3: S3Server;
  readonly agent: Agent;
  readonly agentFiles: string;
  engine: Process;

  /** The last that was started is ended first. */
  readonly #started: AsyncDisposableStack;

  private constructor(parts: {
    readonly pod: Pod;
    readonly engine: Process;
    readonly s3: S3Server;
    readonly agent: Agent;
    readonly agentFiles: string;
    readonly started: AsyncDisposableStack;
  }) {
    this.pod = parts.pod;
    this.engine = parts.engine;
    this.s3 = parts.s3;
    this.agent = parts.agent;
    this.agentFiles = parts.agentFiles;
    this.#started = parts.started;
  }

  static async create(version: InfluxVersion): Promise<Scene> {
    await using started = new AsyncDisposableStack();
    const pod = started.use(await Pod.create(version));
    const s3 = started.use(await startS3Server());
    const agentFiles = await agentCertificates();
    started.defer(() => rm(agentFiles, { recursive: true, force: true }));
    await pod.bootstrap();
    const engine = await pod.engine();
    const agent = await startAgent({
      port: 0,
      host: '127.0.0.1',
      rpcPort: pod.rpcPort,
      files: agentFiles,
      log: () => {},
    });
    started.defer(() => agent.close());
    return new Scene({ pod, engine, s3, agent, agentFiles, started: started.move() });
  }

  get store(): StoreSpec & { type: 's3' } {
    return {
      type: 's3',
      endpoint: this.s3.endpoint,
      bucket: this.s3.bucket,
      prefix: 'team/a',
      region: 'us-east-1',
      allowClusterInternal: false,
    };
  }

  backupSpec(changes: Partial<BackupJobSpec> = {}): BackupJobSpec {
    return {
      operation: 'backup',
      store: this.store,
      deadlineSeconds: 600,
      location: locationOf(newUid()),
      about: {
        name: 'shop-1',
        kind: 'Manual',
        addonName: 'shop',
        addonUid: 'c0ffee00-0000-4000-8000-000000000000',
        plan: '512m',
        class: 'Starter',
      },
      database: { host: '127.0.0.1', port: this.pod.port, tls: false, name: DATABASE },
      agent: { host: '127.0.0.1', port: this.agent.port },
      recipients: [],
      counting: { maxSeries: 100_000, deadlineSeconds: 300 },
      ...changes,
    };
  }

  restoreSpec(location: BackupLocation, changes: Partial<RestoreJobSpec> = {}): RestoreJobSpec {
    return {
      operation: 'restore',
      store: this.store,
      deadlineSeconds: 600,
      location,
      target: { name: 'other_9', engineVersion: this.pod.version, storageBytes: 1024 ** 4 },
      ...changes,
    };
  }

  /** What a Job on this database has mounted. */
  get options(): JobPodOptions {
    return { engine: this.pod.version, agentFiles: this.agentFiles };
  }

  admin(): ReturnType<Pod['client']> {
    return this.pod.client(ADMIN);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#started.disposeAsync();
  }
}

export function locationOf(uid: string): BackupLocation {
  return { cluster: 'c1', namespace: 'shop', addonId: DATABASE, uid };
}

export async function agentCertificates(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'agent-'));
  const { authorityPem, server, client } = await makePrivatePair({ name: AGENT_NAME, now: new Date() });
  const content = {
    [AGENT_FILES.authority]: authorityPem,
    [AGENT_FILES.serverCertificate]: server.certPem,
    [AGENT_FILES.serverKey]: server.keyPem,
    [AGENT_FILES.clientCertificate]: client.certPem,
    [AGENT_FILES.clientKey]: client.keyPem,
  };
  for (const [name, text] of Object.entries(content)) await writeFile(join(dir, name), text);
  return dir;
}
