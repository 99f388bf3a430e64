import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { AGENT_FILES, AGENT_NAME } from '../backup/agent-files.ts';
import { AGENT_GREETING, GREETING_BYTES } from './agent-protocol.ts';
import type { WireCheck } from './archive/wire-check.ts';
import { JobError } from './job/job-error.ts';

/** The Job's end of the way to the engine's backup port: a port on the pod's loopback that the engine's tool uses. */
export interface Tunnel {
  readonly port: number;
  /** What went wrong last, for when the tool says no more than EOF. */
  readonly trouble: () => JobError | undefined;
  close(): Promise<void>;
}

export interface TunnelOptions {
  readonly agent: { readonly host: string; readonly port: number };
  /** Folder with the client's files of AGENT_FILES. */
  readonly files: string;
  /** 0 for any. */
  readonly listenPort: number;
  /** Sees what goes through. */
  readonly wire: WireCheck;
  readonly signal: AbortSignal;
}

/** Opens it once the agent and the engine behind it have answered. @throws JobError */
export async function openTunnel(options: TunnelOptions): Promise<Tunnel> {
  const credentials = await readCredentials(options.files);
  const dial = (): Promise<TLSSocket> => greeted(options.agent, credentials, options.signal);
  (await dial()).destroy();

  let trouble: JobError | undefined;
  const open = new Set<Socket>();
  const server = createServer({ pauseOnConnect: true }, (tool) => {
    open.add(tool);
    tool.on('error', () => tool.destroy());
    tool.once('close', () => open.delete(tool));
    dial().then(
      (agent) => {
        tool.once('close', () => agent.destroy());
        agent.once('close', () => tool.destroySoon());
        agent.on('error', (error) => {
          trouble = unreachable(error);
          tool.resetAndDestroy();
        });
        const watch = options.wire.connection();
        tool.on('data', watch.asked);
        agent.on('data', watch.answered);
        // Before the pipe: the tool learns of the end after this does.
        agent.once('end', watch.ended);
        tool.pipe(agent);
        agent.pipe(tool);
        tool.resume();
      },
      (error: unknown) => {
        trouble = JobError.from(error);
        tool.destroy();
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.listenPort, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    trouble: () => trouble,
    close: () => {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

interface Credentials {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

async function readCredentials(files: string): Promise<Credentials> {
  const read = (name: string): Promise<Buffer> => readFile(join(files, name));
  try {
    const [ca, cert, key] = await Promise.all([
      read(AGENT_FILES.authority),
      read(AGENT_FILES.clientCertificate),
      read(AGENT_FILES.clientKey),
    ]);
    return { ca, cert, key };
  } catch (error) {
    throw new JobError(
      'AgentUnreachable',
      'The certificate for the agent of the database is not there yet.',
      {
        cause: error,
      },
    );
  }
}

/** A connection on which the agent has said that the engine's backup port is behind it. */
function greeted(
  { host, port }: TunnelOptions['agent'],
  credentials: Credentials,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const socket = connect({
    host,
    port,
    ...credentials,
    // An authority that signed two certificates and was forgotten: the name says nothing more.
    servername: AGENT_NAME,
    minVersion: 'TLSv1.3',
  });
  const give = (error: JobError): void => {
    socket.destroy();
    reject(error);
  };
  const timer = setTimeout(() => give(unreachable(new Error('it did not answer in time'))), DIAL_MS);
  const cancel = (): void => give(JobError.from(signal.reason));
  signal.addEventListener('abort', cancel, { once: true });
  const onError = (error: Error): void => give(unreachable(error));
  const onEnd = (): void => give(unreachable(new Error('it closed the connection')));
  const onReadable = (): void => {
    const greeting = socket.read(GREETING_BYTES) as Buffer | null;
    if (greeting === null) return;
    socket.off('readable', onReadable).off('error', onError).off('end', onEnd).off('close', onEnd);
    if (greeting.equals(AGENT_GREETING.ready)) resolve(socket);
    else if (greeting.equals(AGENT_GREETING.engineDown))
      give(new JobError('DatabaseUnreachable', 'The engine does not listen on its backup port.'));
    else give(unreachable(new Error('it forwards too many connections already')));
  };
  socket.on('readable', onReadable).on('error', onError).on('end', onEnd).on('close', onEnd);
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  });
}

const DIAL_MS = 15_000;

function unreachable(error: NodeJS.ErrnoException): JobError {
  return new JobError(
    'AgentUnreachable',
    `The agent in the database's pod: ${error.code ?? error.message}.`,
    {
      cause: error,
    },
  );
}
