import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type Socket } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { AGENT_FILES } from '../backup/agent-files.ts';
import { AGENT_GREETING, isReadRequest } from './agent-protocol.ts';

/*
 * The agent: a process beside the engine, in the database's pod. The engine's backup port asks nobody for a password
 * and is open on the pod's loopback only; the agent forwards to it whoever shows the certificate that the addon's
 * backup Jobs have, and only what reads. It imports next to nothing: it is there all the time, for something that
 * takes a minute a day.
 */

export interface AgentOptions {
  readonly port: number;
  /** Default: every address. */
  readonly host?: string;
  /** The engine's backup port on loopback. */
  readonly rpcPort: number;
  /** Folder with the files of AGENT_FILES, which may come later and change. */
  readonly files: string;
  /** How many connections are forwarded at once; the engine's tool makes one after another. Default 4. */
  readonly maxConnections?: number;
  readonly log: (line: string) => void;
}

export interface Agent {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts it. Without its files it listens all the same, and refuses everybody until they are there. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { log, maxConnections = 4 } = options;
  const server = createServer({
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    handshakeTimeout: 10_000,
  });
  const open = new Set<Socket>();
  // The Secret may be renewed while the pod runs: each handshake uses what the files hold by then.
  server.prependListener('connection', (socket: Socket) => {
    // A few more than are forwarded: strangers must not keep a Job out for longer than a handshake may take.
    if (open.size >= maxConnections + 12 || !readCertificates(server, options.files)) {
      socket.destroy();
      return;
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  let forwarded = 0;
  server.on('secureConnection', (client) => {
    client.on('error', () => client.destroy());
    if (forwarded >= maxConnections) {
      client.end(AGENT_GREETING.busy);
      return;
    }
    forwarded += 1;
    client.once('close', () => (forwarded -= 1));
    forward(client, options.rpcPort);
  });
  let silentUntil = 0;
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
    if (Date.now() < silentUntil) return;
    silentUntil = Date.now() + 60_000;
    log(`refused a connection: ${error.code ?? 'its certificate is not trusted'}`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () => {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function readCertificates(server: Server, files: string): boolean {
  const read = (name: string): Buffer => readFileSync(join(files, name));
  try {
    server.setSecureContext({
      ca: read(AGENT_FILES.authority),
      cert: read(AGENT_FILES.serverCertificate),
      key: read(AGENT_FILES.serverKey),
      minVersion: 'TLSv1.3',
    });
    return true;
  } catch {
    // Not there yet, or half written: the Job comes again.
    return false;
  }
}

/** Until either side ends. The tool asks once on each connection, and the engine closes it behind its answer. */
function forward(client: Socket, rpcPort: number): void {
  const engine = connect({ host: '127.0.0.1', port: rpcPort });
  let connected = false;
  engine.once('connect', () => {
    connected = true;
    client.write(AGENT_GREETING.ready);
    firstBytes(client, 2, (head) => {
      if (!isReadRequest(head)) {
        client.destroy();
        engine.destroy();
        return;
      }
      engine.write(head);
      client.pipe(engine);
      engine.pipe(client);
    });
  });
  engine.on('error', () => {
    if (connected) client.destroy();
    else client.end(AGENT_GREETING.engineDown);
  });
  client.once('close', () => engine.destroy());
  engine.once('close', () => {
    if (connected && !client.writableEnded) client.end();
  });
}

/** Calls once with at least `count` bytes, or never when the connection ends before. */
function firstBytes(socket: Socket, count: number, then: (head: Buffer) => void): void {
  let head = Buffer.alloc(0);
  const take = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    if (head.length < count) return;
    socket.off('data', take);
    socket.pause();
    then(head);
  };
  socket.on('data', take);
}
