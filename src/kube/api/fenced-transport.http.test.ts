import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigMap } from '../objects/kinds.ts';
import { KubeClient } from './client.ts';
import { FencedTransport } from './fenced-transport.ts';
import { HttpTransport } from './http-transport.ts';

/** Answers nothing before it is told to; what has arrived, in its order. */
let server: Server;
let port: number;
let arrived: string[];
let answers: ServerResponse[];

beforeEach(async () => {
  arrived = [];
  answers = [];
  server = createServer((request, answer) => {
    arrived.push(`${request.method} ${request.url?.split('?')[0]?.split('/').at(-1)}`);
    answers.push(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test('a leader that was deposed while its write waited for a connection does not send it', async () => {
  const http = new HttpTransport({
    credentials: { server: `http://127.0.0.1:${port}`, namespace: 'n' },
    userAgent: 'test',
    connections: 1,
  });
  let leads = true;
  const client = new KubeClient(new FencedTransport(http, () => leads), { fieldManager: 'test' });
  const key = { namespace: 'n', name: 'first' };
  const first = client.get(ConfigMap, key);
  const write = client.create(ConfigMap, { metadata: { namespace: 'n', name: 'late' } });
  const failed = write.catch((error: unknown) => error);
  const read = client.get(ConfigMap, key);
  await until(() => answers.length === 1);
  leads = false;
  answers[0]?.end('{}');
  expect(await failed).toMatchObject({ code: 0, reason: 'NotLeader' });
  await first;
  await until(() => answers.length === 2);
  answers[1]?.end('{}');
  await read;
  expect(arrived).toEqual(['GET first', 'GET first']);
  await http.close();
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
