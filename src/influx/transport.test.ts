import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { makeAuthority } from '../tls/authority.ts';
import { inspect } from '../tls/inspect.ts';
import { issueLeaf } from '../tls/leaf.ts';
import { InfluxError } from './influx-error.ts';
import { HttpInfluxTransport, type InfluxRequest } from './transport.ts';

const transport = new HttpInfluxTransport();
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<InfluxRequest> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { host: '127.0.0.1', port, method: 'GET', path: '/ping', timeoutMs: 5_000 };
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('it should have failed'),
    (reason: unknown) => reason,
  );
}

describe('HttpInfluxTransport', () => {
  it('sends query, body and credentials, and gives status, headers and body back', async () => {
    let seen = '';
    const request = await serve((req, res) => {
      let body = '';
      req.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      req.on('end', () => {
        seen = `${req.method} ${req.url} ${req.headers.authorization} ${body}`;
        res.writeHead(418, { 'X-Influxdb-Version': '1.8.10' }).end('{"ok":true}');
      });
    });
    const answer = await transport.send({
      ...request,
      method: 'POST',
      path: '/write',
      query: { db: 'a b&c' },
      body: 'cpu v=1',
      auth: { username: 'app', password: 'pässword:with:colons' },
    });
    const basic = Buffer.from('app:pässword:with:colons').toString('base64');
    expect(seen).toBe(`POST /write?db=a+b%26c Basic ${basic} cpu v=1`);
    expect(answer).toMatchObject({
      status: 418,
      headers: { 'x-influxdb-version': '1.8.10' },
      body: '{"ok":true}',
    });
  });

  it('sends no statement of a leader that was deposed while it waited for a connection', async () => {
    const answers: ServerResponse[] = [];
    const request = await serve((_, answer) => void answers.push(answer));
    let leads = true;
    const fenced = new HttpInfluxTransport({ maySend: () => leads });
    const ask = () => fenced.send({ ...request, method: 'POST', path: '/query', body: 'q=DROP' });
    // As many as there are connections to one database.
    const before = [ask(), ask()];
    while (answers.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    const late = failure(ask());
    leads = false;
    for (const answer of answers) answer.end('{}');
    await Promise.all(before);
    expect(await late).toMatchObject({
      kind: 'Unreachable',
      message: 'not sent, this process does not lead',
    });
    expect(answers).toHaveLength(2);
    const ping = fenced.send(request);
    while (answers.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    answers[2]?.writeHead(204).end();
    expect((await ping).status).toBe(204);
    await fenced.close();
  });

  it('writes an IPv6 address in brackets', async () => {
    const server = createServer((req, res) => res.writeHead(200).end(req.headers.host));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '::1', resolve));
    const { port } = server.address() as AddressInfo;
    const asked = { host: '::1', port, method: 'GET', path: '/ping', timeoutMs: 5_000 } as const;
    expect((await transport.send(asked)).body).toBe(`[::1]:${port}`);
  });

  it('calls a refused connection unreachable', async () => {
    const request = await serve(() => undefined);
    servers.splice(0).forEach((server) => server.close());
    const error = await failure(transport.send(request));
    expect(error).toBeInstanceOf(InfluxError);
    expect(error).toMatchObject({ kind: 'Unreachable', isTransient: true });
    expect(String(error)).toContain('ECONNREFUSED');
  });

  it('calls a connection that breaks before the answer unreachable', async () => {
    const request = await serve((_, res) => res.destroy());
    expect(await failure(transport.send(request))).toMatchObject({ kind: 'Unreachable' });
  });

  it('gives up at the deadline when no answer starts, and when it does not end', async () => {
    const silent = await serve(() => undefined);
    expect(await failure(transport.send({ ...silent, timeoutMs: 30 }))).toMatchObject({
      kind: 'Timeout',
      message: 'no answer to GET /ping within 30 ms',
    });
    const endless = await serve((_, res) => {
      res.writeHead(200).write('{');
    });
    expect(await failure(transport.send({ ...endless, timeoutMs: 200 }))).toMatchObject({ kind: 'Timeout' });
  });

  it("throws the signal's own reason when the caller gives up, before and during the request", async () => {
    const arrived = Promise.withResolvers<void>();
    const request = await serve(() => arrived.resolve());
    const reason = new Error('shutting down');
    const during = new AbortController();
    const promise = failure(transport.send({ ...request, signal: during.signal }));
    await arrived.promise;
    during.abort(reason);
    expect(await promise).toBe(reason);
    expect(await failure(transport.send({ ...request, signal: AbortSignal.abort(reason) }))).toBe(reason);
  });

  it('knows which certificate was shown last, of an engine that was restarted with another one as well', async () => {
    const authority = await makeAuthority({ commonName: 'test', now: new Date() });
    const tls = { ca: authority.certPem, servername: 'db.shop.svc' };
    expect(transport.shown(tls)).toBeUndefined();
    const ask = async () => {
      const names = { dnsNames: [tls.servername], ipAddresses: [] };
      const { certPem, keyPem } = await issueLeaf({ authority, ...names, now: new Date() });
      const server = createSecureServer({ cert: certPem, key: keyPem }, (_, res) => res.writeHead(204).end());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const request = {
        host: '127.0.0.1',
        port,
        method: 'GET',
        path: '/ping',
        timeoutMs: 5_000,
        tls,
      } as const;
      for (let times = 0; times < 2; times += 1) expect((await transport.send(request)).status).toBe(204);
      server.closeAllConnections();
      server.close();
      const stored = inspect({ certPem });
      if (typeof stored === 'string') throw new Error(stored);
      const { fingerprint, notAfter } = stored.leaf;
      expect(transport.shown(tls)).toEqual({ fingerprint, notAfter });
      return fingerprint;
    };
    expect(await ask()).not.toBe(await ask());
  });

  it('leaves no listener behind on a signal that lives as long as the process', async () => {
    const request = await serve((_, res) => res.writeHead(204).end());
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    Object.assign(signal, {
      addEventListener: (...args: Parameters<typeof add>) => {
        listeners += 1;
        add(...args);
      },
      removeEventListener: (...args: Parameters<typeof remove>) => {
        listeners -= 1;
        remove(...args);
      },
    });
    await transport.send({ ...request, signal });
    expect(listeners).toBe(0);
  });

  it('refuses an answer of more than 8 MiB', async () => {
    const request = await serve((_, res) => res.writeHead(200).end(Buffer.alloc(9 * 1024 * 1024)));
    expect(await failure(transport.send(request))).toMatchObject({ kind: 'Protocol' });
  });

  it('calls an answer that is no HTTP a protocol error', async () => {
    const request = await serve((req) => req.socket.end('HELO\r\n'));
    expect(await failure(transport.send(request))).toMatchObject({ kind: 'Protocol' });
  });
});
