import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Agent, startAgent } from '../../../src/agent/agent.ts';
import type { JobFailureReason, JobResult } from '../../../src/backup/results.ts';
import { listShards } from '../../../src/influx/v1/shards.ts';
import { PATIENCE_MS } from '../../patience.ts';
import { runJobPod } from './job-pod.ts';
import { fillNoise } from './points.ts';
import { agentCertificates, DATABASE, Scene } from './scene.ts';
import { objectsOf } from './stored.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.create('1.8.10');
  await fillNoise(scene.admin(), DATABASE, 6 * 1024 ** 2);
});
afterAll(() => scene?.[Symbol.asyncDispose]());

function failed(result: JobResult): JobFailureReason {
  if (result.ok) throw new Error('it claims to have succeeded');
  return result.reason;
}

/** An agent whose way to the engine's backup port ends as it does when the engine ends: without an error. */
async function cutOff(afterBytes: number, onCut: () => void = () => {}): Promise<AsyncDisposable & Agent> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const engine = connect(scene.pod.rpcPort, '127.0.0.1');
    let seen = 0;
    for (const socket of [client, engine]) {
      open.add(socket);
      socket.on('error', () => socket.destroy());
    }
    client.pipe(engine);
    engine.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      if (seen <= afterBytes) {
        client.write(chunk);
        return;
      }
      client.end(chunk.subarray(0, chunk.length - (seen - afterBytes)));
      engine.destroy();
      onCut();
    });
    engine.on('end', () => client.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const rpcPort = typeof address === 'object' && address !== null ? address.port : 0;
  const options = { port: 0, host: '127.0.0.1', rpcPort, files: scene.agentFiles, log: () => {} };
  const agent = await startAgent(options);
  const close = async (): Promise<void> => {
    await agent.close();
    for (const socket of open) socket.destroy();
    server.close();
  };
  return { port: agent.port, close, [Symbol.asyncDispose]: close };
}

/** However it ends. */
function closed(socket: Socket): Promise<void> {
  socket.on('error', () => {});
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

describe('a backup', () => {
  it('of a shard that ends in the middle is BackupTruncated, although the tool calls it complete', async () => {
    for (const bytes of [1, 100_000, 1_000_000, 4_000_000]) {
      await using agent = await cutOff(bytes);
      const spec = scene.backupSpec({ agent: { host: '127.0.0.1', port: agent.port } });
      const { result } = await runJobPod(spec, scene.options);
      // So early that the tool itself notices.
      expect(['BackupTruncated', ...(bytes < 1_000 ? ['ToolFailed'] : [])]).toContain(failed(result));
    }
    expect((await objectsOf(scene.s3.root)).filter((key) => key.endsWith('manifest.json'))).toEqual([]);
  });

  it('during which the engine dies and is back at once is not whole, and the next one is', async () => {
    let back: Promise<unknown> | undefined;
    await using agent = await cutOff(500_000, () => {
      // Once: the tool may try again.
      back ??= scene.engine.kill().then(async () => {
        scene.engine = await scene.pod.engine();
      });
      // Told when it is waited for.
      back.catch(() => undefined);
    });
    const spec = scene.backupSpec({ agent: { host: '127.0.0.1', port: agent.port } });
    const { result } = await runJobPod(spec, scene.options);
    await back;
    expect(['DatabaseUnreachable', 'DatabaseRestarted', 'ToolFailed', 'BackupTruncated']).toContain(
      failed(result),
    );
    expect(result).toMatchObject({ retryable: true });
    const again = await runJobPod(
      { ...spec, agent: { host: '127.0.0.1', port: scene.agent.port } },
      scene.options,
    );
    expect(again.result).toMatchObject({ ok: true, verified: 'Counts' });
  });

  it('of a database with a shard that was made ahead is whole, and so is what is restored from it', async () => {
    await scene.engine.terminate();
    const environment = {
      INFLUXDB_SHARD_PRECREATION_CHECK_INTERVAL: '1s',
      INFLUXDB_SHARD_PRECREATION_ADVANCE_PERIOD: '192h',
    };
    scene.engine = await scene.pod.engine({ environment });
    await scene.admin().write(DATABASE, [`noise s="now" ${Date.now()}`], { precision: 'ms' });
    const ahead = async () => (await listShards(scene.admin(), DATABASE)).filter(({ isOpen }) => !isOpen);
    await vi.waitUntil(async () => (await ahead()).length > 0, { timeout: PATIENCE_MS });
    const spec = scene.backupSpec();
    const { result } = await runJobPod(spec, scene.options);
    expect(result).toMatchObject({ ok: true, verified: 'Counts' });
    const restored = await runJobPod(scene.restoreSpec(spec.location), scene.options);
    expect(restored.result).toMatchObject({ ok: true, verified: 'Counts' });
    expect(await ahead()).not.toEqual([]);
  });

  it('onto a local disk that is too small is ScratchFull', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'scratch-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', scratch]);
    try {
      const { result } = await runJobPod(scene.backupSpec(), { ...scene.options, scratch });
      expect(failed(result)).toBe('ScratchFull');
    } finally {
      execFileSync('umount', ['-l', scratch]);
      await rm(scratch, { recursive: true, force: true });
    }
  });

  it('of a database that is not there, or does not answer, says so', async () => {
    const { database } = scene.backupSpec();
    const missing = scene.backupSpec({ database: { ...database, name: 'nobody_1' } });
    expect(failed((await runJobPod(missing, scene.options)).result)).toBe('DatabaseMissing');
    const silent = scene.backupSpec({ database: { ...database, port: 1 } });
    expect(failed((await runJobPod(silent, scene.options)).result)).toBe('DatabaseUnreachable');
    const noAgent = scene.backupSpec({ agent: { host: '127.0.0.1', port: 1 } });
    expect(failed((await runJobPod(noAgent, scene.options)).result)).toBe('AgentUnreachable');
  });

  it('that may not count is verified by sizes, in so many words, and nobody counts when it is restored', async () => {
    const spec = scene.backupSpec({ counting: { maxSeries: 0, deadlineSeconds: 60 } });
    const { result } = await runJobPod(spec, scene.options);
    expect(result).toMatchObject({ ok: true, verified: 'Sizes' });
    expect(result).not.toHaveProperty('points');
    const engineEnvironment = { INFLUXDB_COORDINATOR_MAX_SELECT_POINT: '1' };
    const restored = await runJobPod(scene.restoreSpec(spec.location), {
      ...scene.options,
      engineEnvironment,
    });
    expect(restored.result).toMatchObject({ ok: true, verified: 'Sizes' });
  });
});

describe('the agent', () => {
  it('lets nobody in without the certificate of the Jobs, whoever signed another', async () => {
    const strange = await agentCertificates();
    const options = { ...scene.options, agentFiles: strange };
    expect(failed((await runJobPod(scene.backupSpec(), options)).result)).toBe('AgentUnreachable');
    await rm(strange, { recursive: true, force: true });
    const socket = connectTls({ host: '127.0.0.1', port: scene.agent.port, rejectUnauthorized: false });
    const received: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    await closed(socket);
    expect(Buffer.concat(received).length).toBe(0);
  });

  it('forwards what reads, and cuts off what would write', async () => {
    const read = (name: string) => readFile(join(scene.agentFiles, name));
    const [ca, cert, key] = await Promise.all(['ca.crt', 'client.crt', 'client.key'].map(read));
    for (const [type, answered] of [
      [3, true],
      [6, false],
      [7, false],
    ] as const) {
      const socket = connectTls({
        host: '127.0.0.1',
        port: scene.agent.port,
        ca: ca ?? '',
        cert: cert ?? '',
        key: key ?? '',
        servername: 'agent.influxaddon.dev',
      });
      const received: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => received.push(chunk));
      await once(socket, 'secureConnect');
      socket.write(
        Buffer.concat([Buffer.from([3, type]), Buffer.from(JSON.stringify({ BackupDatabase: DATABASE }))]),
      );
      await closed(socket);
      // One byte is the greeting.
      expect(Buffer.concat(received).length > 1, `request ${type}`).toBe(answered);
    }
  });
});
