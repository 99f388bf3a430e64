import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Credentials } from '../api/credentials.ts';
import type { ApiRequest } from '../api/transport.ts';
import type { FakeApi } from './fake-api.ts';
import { status } from './fake-answer.ts';

/** What the server does instead of answering. */
export type ServerFault =
  | { what: 'reset' | 'hang' }
  | { what: 'slow'; ms: number }
  | { what: 'refuse'; code: number; reason?: string; retryAfter?: string }
  | { what: 'garbage'; text: string };

/** The fake behind real HTTP on loopback, with everything that can go wrong on a wire. */
export class FakeApiserver {
  readonly #api: FakeApi;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #streams = new Set<ServerResponse>();
  /** Asked for each request; may be replaced at any time. */
  fault: (request: ApiRequest, what: 'request' | 'watch') => ServerFault | undefined = () => undefined;
  /** Watch streams are written in pieces of so many bytes. */
  chunkBytes = Infinity;
  /** Sockets ever accepted. */
  accepted = 0;
  /** Authorization headers as they came. */
  readonly authorizations: (string | undefined)[] = [];

  private constructor(api: FakeApi) {
    this.#api = api;
    this.#server = createServer({ keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
      this.#serve(incoming, outgoing).catch(() => outgoing.destroy());
    });
    this.#server.on('connection', (socket) => {
      this.accepted++;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
    });
  }

  static async start(api: FakeApi): Promise<FakeApiserver> {
    const fake = new FakeApiserver(api);
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get credentials(): Credentials {
    const { port } = this.#server.address() as AddressInfo;
    return { server: `http://127.0.0.1:${port}`, namespace: 'default' };
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** Resets the connections of all watches. */
  resetStreams(): void {
    for (const stream of this.#streams) stream.socket?.resetAndDestroy();
  }

  /** Present watch streams stay open and never say anything again, as when a route drops packets. */
  freezeStreams(): void {
    for (const stream of this.#streams) stream.write = () => true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    this.authorizations.push(incoming.headers.authorization);
    const request = await parse(incoming);
    const isWatch = request.query?.['watch'] === 'true';
    const fault = this.fault(request, isWatch ? 'watch' : 'request');
    if (fault?.what === 'hang') return;
    if (fault?.what === 'reset') {
      incoming.socket.resetAndDestroy();
      return;
    }
    if (fault?.what === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.ms));
    if (fault?.what === 'refuse') {
      const headers = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
      const body = status(fault.code, fault.reason ?? '', 'refused by the test');
      outgoing.writeHead(fault.code, { 'content-type': 'application/json', ...headers });
      outgoing.end(JSON.stringify(body));
    } else if (fault?.what === 'garbage') {
      outgoing.writeHead(200, { 'content-type': 'application/json' });
      outgoing.end(fault.text);
    } else if (isWatch) await this.#stream(request, outgoing);
    else {
      const { code, body } = this.#api.handle(request);
      outgoing.writeHead(code, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify(body));
    }
  }

  async #stream(request: ApiRequest, outgoing: ServerResponse): Promise<void> {
    outgoing.writeHead(200, { 'content-type': 'application/json' });
    outgoing.flushHeaders();
    this.#streams.add(outgoing);
    const watch = this.#api.watch(request);
    outgoing.on('close', () => {
      this.#streams.delete(outgoing);
      watch.end();
    });
    for await (const event of watch) {
      const bytes = Buffer.from(`${JSON.stringify(event)}\n`);
      for (let start = 0; start < bytes.length; start += this.chunkBytes) {
        outgoing.write(bytes.subarray(start, start + this.chunkBytes));
        if (this.chunkBytes < bytes.length) await new Promise((resolve) => setImmediate(resolve));
      }
    }
    outgoing.end();
  }
}

async function parse(incoming: IncomingMessage): Promise<ApiRequest> {
  const url = new URL(incoming.url ?? '/', 'http://fake');
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const contentType = incoming.headers['content-type'];
  return {
    method: incoming.method as ApiRequest['method'],
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    ...(contentType === undefined ? {} : { contentType }),
    ...(text === '' ? {} : { body: JSON.parse(text) as unknown }),
  };
}
