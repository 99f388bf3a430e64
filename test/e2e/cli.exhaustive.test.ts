import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InfluxClient } from '../../src/influx/v1/client.ts';
import { HttpInfluxTransport } from '../../src/influx/transport.ts';
import { influxBinaries } from '../cluster/images/influxdb.ts';
import { run } from '../cluster/run-command.ts';
import { type S3Server, S3_CREDENTIALS, startS3Server } from '../cluster/s3-server.ts';
import type { Sample } from '../../src/dashboard/wire.ts';
import { DashboardClient } from '../dashboard-client.ts';
import { CliProgram } from './cli-program.ts';
import { type OperatorNode, startOperatorNode } from './operator-node.ts';
import type { Space } from './space.ts';

/** The bundled kubectl-influx on a real node: what goes through the kubelet, and to a real store. */
let shared: OperatorNode;
let s3: S3Server;
let cli: CliProgram;
let space: Space;
/** An identity that can read the backups, and a file with it. */
let identityFile: string;

beforeAll(async () => {
  shared = await startOperatorNode();
  s3 = await startS3Server(shared.node.hostIP);
  space = await shared.space('cli');
  cli = await CliProgram.install(space, shared.node.kubeconfig);
  const identity = await generateIdentity();
  identityFile = join(cli.folder, 'key.txt');
  await writeFile(identityFile, `# a key\n${identity}\n`);
  await makeStore(await identityToRecipient(identity));
  const added = await influx(['add', 'metrics', 'tiny', '--backup-store', 'nightly', '--tls']);
  expect(added.stderr + added.stdout).toMatch(/ID +metrics_\d+/);
});

afterAll(async () => {
  await cli?.[Symbol.asyncDispose]();
  await shared?.[Symbol.asyncDispose]();
  await s3?.[Symbol.asyncDispose]();
});

async function influx(args: readonly string[], input?: string, path?: string) {
  return await cli.run(args, input, path);
}

async function makeStore(recipient: string): Promise<void> {
  await space.api.send('POST', space.path('secrets'), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's3' },
    stringData: {
      AWS_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
    },
  });
  const { endpoint, bucket } = s3;
  await space.api.send('POST', '/apis/influxaddon.dev/v1alpha1/namespaces/cli/influxbackupstores', {
    apiVersion: 'influxaddon.dev/v1alpha1',
    kind: 'InfluxBackupStore',
    metadata: { name: 'nightly' },
    spec: {
      s3: { endpoint, bucket, credentialsRef: { name: 's3' }, allowClusterInternal: true },
      encryption: { recipients: [recipient] },
    },
  });
}

describe('with a database that listens with TLS', () => {
  test('console runs a statement, a script, and tells what the engine refuses', async () => {
    expect(await influx(['console', 'metrics', '-e', 'INSERT'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('error parsing query'),
    });
    const url = (await influx(['url', 'metrics'])).stdout.trim();
    expect(url).toMatch(
      /^https:\/\/metrics_\d+:[^@]+@metrics-influx\.cli\.svc\.cluster\.local:8086\/metrics_\d+$/,
    );
    const id = new URL(url).username;
    const shown = await influx(['console', 'metrics', '-e', 'SHOW DATABASES', '--format', 'csv']);
    expect(shown).toMatchObject({ code: 0, stdout: `name,name\ndatabases,${id}\n` });
    const script = 'SELECT 1 * v INTO b FROM a\nSHOW RETENTION POLICIES\nexit\n';
    expect((await influx(['console', 'metrics'], script)).stdout).toMatch(/autogen/);
    expect(await influx(['console', 'metrics', '-e', 'DROP MEASUREMENT a'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('requires admin privilege'),
    });
  });

  test('console hands over to the influx of the machine, whose arguments hold no password', async () => {
    const { influx: theirs } = await influxBinaries('1.8.10');
    // One that tells what it was started with, which is what everybody on the machine can see.
    const folder = join(cli.folder, 'machine');
    await mkdir(folder);
    const script = `#!/bin/sh\nfor each in "$0" "$@"; do echo "argument $each"; done\nexec '${theirs}' "$@"\n`;
    await writeFile(join(folder, 'influx'), script, { mode: 0o755 });
    const { password } = new URL((await influx(['url', 'metrics'])).stdout.trim());
    const { stdout, stderr, code } = await influx(['console', 'metrics'], 'SHOW DATABASES\n', folder);
    expect(stdout + stderr).toMatch(/name: databases[^]*metrics_\d+/);
    expect(code).toBe(0);
    const told = stdout.split('\n').filter((line) => line.startsWith('argument '));
    expect(told).toContain('argument 127.0.0.1');
    expect(told.join('\n')).not.toContain(password);
  });

  test('tunnel carries an application until it is interrupted', async () => {
    const { username, password, hostname } = new URL((await influx(['url', 'metrics'])).stdout.trim());
    const child = cli.start(['tunnel', 'metrics', '-p', '0']);
    const notes = text(child.stderr);
    const ended = new Promise((resolve) => child.once('close', resolve));
    const first = await new Promise<string>((resolve) =>
      child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
    );
    const port = /^127\.0\.0\.1:(\d+) leads to metrics/.exec(first)?.[1];
    const { 'ca.crt': ca = '' } = await space.secret('metrics-influx-tls');
    await using stack = new AsyncDisposableStack();
    const transport = stack.adopt(new HttpInfluxTransport(), (each) => each.close());
    const endpoint = { host: '127.0.0.1', port: Number(port), tls: { ca, servername: hostname } };
    const client = new InfluxClient(transport, endpoint, { username, password }, { timeoutMs: 60_000 });
    // A write of some size, and what it left: both directions of one connection.
    const lines = Array.from({ length: 20_000 }, (_, at) => `tunnelled,host=h${at % 10} v=${at} ${at}`);
    await client.write(username, lines, { precision: 's' });
    const count = await client.one('SELECT COUNT(v) FROM tunnelled', { db: username });
    expect(count.series[0]?.values[0]?.[1]).toBe(20_000);
    child.kill('SIGINT');
    await ended;
    expect(await notes).not.toContain(password);
  });

  test('logs are those of the engine, and of another container by name', async () => {
    const { code, stdout } = await influx(['logs', 'metrics', '--lines', '5']);
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(5);
    expect(await influx(['logs', 'metrics', '--container', 'nobody'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('container nobody is not valid'),
    });
  });

  test('dashboard shows what the engine counts and what it logs, until it is interrupted', async () => {
    const child = cli.start(['dashboard', '--no-open']);
    const notes = text(child.stderr);
    const ended = new Promise((resolve) => child.once('close', resolve));
    const address = await new Promise<string>((resolve) =>
      child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())),
    );
    const client = new DashboardClient(address);
    const path = '/api/addons/cli/metrics';
    const sample = await client.message<Sample>(
      `${path}/numbers`,
      'sample',
      ({ pointsPerSecond }) => pointsPerSecond !== undefined,
    );
    expect(sample).toMatchObject({ heap: expect.any(Number), queriesPerSecond: expect.any(Number) });
    expect(sample.series).toBeGreaterThanOrEqual(10);
    expect(sample.data).toBeGreaterThan(1_000);
    expect(await client.message<string[]>(`${path}/numbers`, 'unknown')).toEqual([
      expect.stringContaining('no metrics API'),
    ]);
    expect(await client.textUntil(`${path}/logs`, (lines) => lines.includes('\n'))).toMatch(/ lvl=\w+ msg=/);
    child.kill('SIGINT');
    await ended;
    expect(await notes).toContain('acts with your rights');
  });

  test('a backup is taken, downloaded, decrypted, and is what it was', async () => {
    const created = await influx(['backups', 'create', 'metrics', '--name', 'mine']);
    expect(created, created.stderr).toMatchObject({ code: 0 });
    const sealed = await influx(['backups', 'download', 'mine']);
    expect(sealed, sealed.stderr).toMatchObject({ code: 0, stdout: 'mine.tar.gz.age\n' });
    const opened = await influx(['backups', 'download', 'mine', '-i', identityFile, '-f', 'mine.tar.gz']);
    expect(opened, opened.stderr).toMatchObject({ code: 0, stdout: 'mine.tar.gz\n' });
    expect(await run('tar', ['-tzf', join(cli.folder, 'mine.tar.gz')])).toMatch(/\.manifest/);
    const other = join(cli.folder, 'other.txt');
    await writeFile(other, `${await generateIdentity()}\n`);
    expect(await influx(['backups', 'download', 'mine', '-i', other, '-f', 'wrong.tar.gz'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('encrypted for another identity'),
    });
    expect(await run('ls', [cli.folder])).not.toContain('wrong');
  });
});
