import { createServer, type Server, type Socket } from 'node:net';
import { Agent, WebSocket } from 'undici';
import { Authorization, type Credentials } from './credentials.ts';

export interface ForwardOptions {
  namespace: string;
  pod: string;
  /** Inside the pod. */
  port: number;
  /** On this machine's loopback; 0 for any free one. */
  localPort: number;
  userAgent: string;
}

/** Of the stream protocol over web sockets: each message begins with the channel, data is even and errors are odd. */
const PROTOCOL = 'v4.channel.k8s.io';
const DATA = 0;
const ERROR = 1;
/** The first message of each channel is the port, two bytes. */
const PORT_BYTES = 2;

/**
 * A port on loopback that leads to a port of a pod through the API server, with these credentials: one web socket for
 * each connection. The kubelet knows no half-closed connections, so an end on one side ends both.
 * @throws Error when the local port is taken
 */
export async function openForward(
  credentials: Credentials,
  options: ForwardOptions,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const authorization = new Authorization(credentials);
  const { ca, clientCert, clientKey, insecure } = credentials;
  const agent = new Agent({
    connect: {
      ...(ca === undefined ? {} : { ca }),
      ...(clientCert === undefined ? {} : { cert: clientCert }),
      ...(clientKey === undefined ? {} : { key: clientKey }),
      rejectUnauthorized: insecure !== true,
    },
    allowH2: false,
    bodyTimeout: 0,
  });
  const sockets = new Set<Socket>();
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: false }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    void join(socket, credentials, authorization, agent, options).catch(() => socket.destroy());
  });
  const port = await listening(server, options.localPort);
  return {
    port,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await agent.destroy();
    },
  };
}

async function join(
  socket: Socket,
  credentials: Credentials,
  authorization: Authorization,
  agent: Agent,
  { namespace, pod, port, userAgent }: ForwardOptions,
): Promise<void> {
  const header = await authorization.header();
  const url = new URL(credentials.server.replace(/^http/, 'ws'));
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/namespaces/${namespace}/pods/${pod}/portforward`;
  url.search = `ports=${port}`;
  const wire = new WebSocket(url, {
    protocols: [PROTOCOL],
    dispatcher: agent,
    headers: { 'user-agent': userAgent, ...(header === undefined ? {} : { authorization: header }) },
  });
  wire.binaryType = 'arraybuffer';
  const seen = new Set<number>();
  wire.addEventListener('open', () => {
    socket.on('data', (chunk: Buffer) => wire.send(Buffer.concat([Buffer.of(DATA), chunk])));
    socket.resume();
  });
  wire.addEventListener('message', ({ data }: { data: unknown }) => {
    const message = Buffer.from(data as ArrayBuffer);
    const channel = message[0] ?? ERROR;
    const body = message.subarray(seen.has(channel) ? 1 : 1 + PORT_BYTES);
    seen.add(channel);
    if (channel === DATA && body.length > 0) socket.write(body);
    else if (channel === ERROR && body.length > 0) socket.destroy();
  });
  wire.addEventListener('close', () => socket.end());
  wire.addEventListener('error', () => socket.destroy());
  socket.once('close', () => wire.close());
}

async function listening(server: Server, wanted: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : wanted;
}
