import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE_MS } from '../patience.ts';
import { versitygw } from './binaries.ts';
import { endWithParent } from './component.ts';
import { freePort } from './free-ports.ts';
import { ownerMark } from './orphans.ts';

export const S3_CREDENTIALS = { accessKeyId: 'test-access', secretAccessKey: 'Canary-s3-secret' } as const;

/** A real S3 server with one empty bucket. Its objects are files. */
export interface S3Server extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly endpoint: string;
  readonly bucket: string;
  /** The bucket's folder. */
  readonly root: string;
}

/**
 * @param host an address of this machine; loopback by default
 * @param certificate PEM, for `host`: then it speaks TLS only
 */
export async function startS3Server(
  host = '127.0.0.1',
  say?: (line: string) => void,
  certificate?: { readonly certPem: string; readonly keyPem: string },
): Promise<S3Server> {
  const binary = await versitygw(say);
  const dir = await mkdtemp(join(tmpdir(), 's3-'));
  const bucket = 'backups';
  const root = join(dir, 'data', bucket);
  const sidecar = join(dir, 'sidecar');
  await Promise.all([root, sidecar].map((folder) => mkdir(folder, { recursive: true })));
  const port = await freePort(host);
  const [cert, key] = [join(dir, 'tls.crt'), join(dir, 'tls.key')];
  if (certificate !== undefined) {
    await writeFile(cert, certificate.certPem);
    await writeFile(key, certificate.keyPem, { mode: 0o600 });
  }
  const tls = certificate === undefined ? [] : ['--cert', cert, '--key', key];
  // Metadata beside the objects: not every file system takes extended attributes.
  const served = ['posix', '--sidecar', sidecar, join(dir, 'data')];
  const args = ['--port', `${host}:${port}`, '--quiet', '--keep-alive', ...tls, ...served];
  const child = spawn(...endWithParent(binary, args), {
    env: {
      PATH: process.env['PATH'] ?? '',
      ...ownerMark(),
      ROOT_ACCESS_KEY: S3_CREDENTIALS.accessKeyId,
      ROOT_SECRET_KEY: S3_CREDENTIALS.secretAccessKey,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.once('error', (error) => (said += error.message));
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await rm(dir, { recursive: true, force: true });
  };
  const patient = performance.now() + PATIENCE_MS;
  while (!(await listens(host, port))) {
    const hasEnded = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
    if (hasEnded || performance.now() > patient) {
      await end();
      throw new Error(`versitygw did not start: ${said}`);
    }
    await sleep(20);
  }
  return {
    pid: child.pid ?? 0,
    port,
    endpoint: `${certificate === undefined ? 'http' : 'https'}://${host}:${port}`,
    bucket,
    root,
    [Symbol.asyncDispose]: end,
  };
}

async function listens(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
