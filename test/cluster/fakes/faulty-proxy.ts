import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { Duplex, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** What becomes of one request on its way to the server behind, or of the answer on its way back. */
export type Fault =
  /** Answered here; the server learns nothing of it. */
  | { readonly kind: 'status'; readonly status: number; readonly code: string }
  /** The connection is closed before an answer. */
  | { readonly kind: 'drop' }
  /** No answer ever. */
  | { readonly kind: 'hang' }
  /** The server does what it was asked, and the answer is lost. */
  | { readonly kind: 'loseAnswer' }
  /** The answer's body so slowly. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** The connection is closed after so many bytes of the answer's body. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** One bit of the answer's body is another. */
  | { readonly kind: 'flipAnswer'; readonly at: number }
  /** One bit of the request's body is another. */
  | { readonly kind: 'flipRequest'; readonly at: number };

/** One request as the proxy sees it. */
export interface Passing {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** How many came before it. */
  readonly index: number;
}

export interface FaultyProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** What passed, in order: `PUT /bucket/key?partNumber=1`. */
  readonly passed: readonly string[];
  /** Decides about each request. Default: nothing is wrong. */
  fault: (passing: Passing) => Fault | undefined;
}

/** Stands in front of an HTTP server on loopback. Signatures stay good: nothing but what a fault says is changed. */
export async function startFaultyProxy(targetPort: number): Promise<FaultyProxy> {
  const passed: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const passing = { method: incoming.method ?? '', url: incoming.url ?? '', index: passed.length };
    passed.push(`${passing.method} ${passing.url}`);
    handle(proxy.fault(passing), targetPort, incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const proxy: FaultyProxy = {
    endpoint: `http://127.0.0.1:${port}`,
    passed,
    fault: () => undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

async function handle(
  fault: Fault | undefined,
  port: number,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  switch (fault?.kind) {
    case 'status':
      incoming.resume();
      outgoing.writeHead(fault.status, { 'content-type': 'application/xml' });
      outgoing.end(`<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>no</Message></Error>`);
      return;
    case 'drop':
      incoming.socket.destroy();
      return;
    case 'hang':
      incoming.resume();
      return;
    default:
  }
  const { method, url: path, headers } = incoming;
  const upstream = request({ host: '127.0.0.1', port, method, path, headers });
  const answered = once(upstream, 'response') as Promise<[IncomingMessage]>;
  answered.catch(() => {});
  await pipeline(fault?.kind === 'flipRequest' ? [incoming, flip(fault.at), upstream] : [incoming, upstream]);
  const [answer] = await answered;
  if (fault?.kind === 'loseAnswer') {
    answer.resume();
    await once(answer, 'end');
    incoming.socket.destroy();
    return;
  }
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  const through =
    fault?.kind === 'slow'
      ? Duplex.from((chunks: AsyncIterable<Buffer>) => slowly(chunks, fault.bytesPerSecond))
      : fault?.kind === 'truncate'
        ? cut(fault.bytes, incoming)
        : fault?.kind === 'flipAnswer'
          ? flip(fault.at)
          : undefined;
  await pipeline(through === undefined ? [answer, outgoing] : [answer, through, outgoing]);
}

function flip(at: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const copy = Buffer.from(chunk);
      const offset = at - seen;
      if (offset >= 0 && offset < copy.length) copy[offset] = (copy[offset] ?? 0) ^ 1;
      seen += copy.length;
      done(null, copy);
    },
  });
}

function cut(bytes: number, incoming: IncomingMessage): Transform {
  let left = bytes;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const taken = chunk.subarray(0, left);
      left -= taken.length;
      this.push(taken);
      if (left === 0) setImmediate(() => incoming.socket.destroy());
      done();
    },
  });
}

async function* slowly(chunks: AsyncIterable<Buffer>, bytesPerSecond: number): AsyncGenerator<Buffer> {
  const step = Math.max(1, Math.floor(bytesPerSecond / 10));
  for await (const chunk of chunks)
    for (let at = 0; at < chunk.length; at += step) {
      yield chunk.subarray(at, at + step);
      await sleep(100);
    }
}
