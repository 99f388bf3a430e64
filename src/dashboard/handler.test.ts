import { onTestFinished, describe, expect, test } from 'vitest';
import { InfluxAddon } from '../api/kinds.ts';
import { dashboardApp } from './handler.ts';
import { addonNamed, ECHO, fakeDesk } from './testing/desk.ts';

const HOST = '127.0.0.1:8000';
const TOKEN = 'a-token-of-this-test';
const page = {
  '/': { type: 'text/html; charset=utf-8', text: '<title>page</title>' },
  '/app.js': { type: 'text/javascript', text: 'script' },
};

function served() {
  const desk = fakeDesk();
  const stop = new AbortController();
  const noted: string[] = [];
  onTestFinished(() => stop.abort());
  const app = dashboardApp({
    door: { hosts: [HOST], schemes: ['http'], token: TOKEN },
    page,
    visitor: desk.visitor,
    tool: ECHO,
    namespace: '',
    version: '1.2.3',
    signal: stop.signal,
    note: (line) => noted.push(line),
  });
  const ask = async (
    path: string,
    init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
  ) =>
    await app.request(path, {
      ...init,
      headers: { host: HOST, authorization: `Bearer ${TOKEN}`, ...init.headers },
    });
  const edit = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    ask(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  return { ...desk, ask, edit, stop, noted };
}

describe('who is let in', () => {
  test('every answer, refusals and errors included, has the headers that keep others out', async () => {
    const { ask } = served();
    for (const path of [
      '/',
      '/app.js',
      '/nothing',
      '/api/start',
      '/api/addons/..%2f/x/url',
      '/api/nothing',
    ]) {
      const { headers } = await ask(path);
      expect(headers.get('content-security-policy'), path).toContain("default-src 'none'");
      expect(headers.get('cache-control'), path).toBe('no-store');
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('access-control-allow-origin'), path).toBeNull();
    }
  });

  test('without the token there is the page, and nothing of the cluster', async () => {
    const { ask, api } = served();
    const authorization = 'Bearer wrong';
    expect(await (await ask('/', { headers: { authorization } })).text()).toBe('<title>page</title>');
    for (const path of [
      'start',
      'catalogue',
      'addons/stream',
      'addons/a/b/stream',
      'addons/a/b/url',
      'addons/a/b/logs',
    ])
      expect((await ask(`/api/${path}`, { headers: { authorization } })).status, path).toBe(401);
    expect((await ask('/api/addons/a/b/do', { method: 'POST', headers: { authorization } })).status).toBe(
      401,
    );
    expect(api.requests).toEqual([]);
  });
});

describe('what is asked for', () => {
  test.each([
    ['/api/addons/..%2F..%2Fsecrets/x/url', 400],
    ['/api/addons/shop/..%2f..%2fnodes/url', 400],
    ['/api/addons/shop/a%3Fb/logs', 400],
    ['/api/addons/shop/A/stream', 400],
    ['/api/addons/stream?namespace=a/../b', 400],
    ['/api/addons/../../../etc/passwd', 404],
    ['/..%2f..%2fetc/passwd', 404],
    ['/app.css', 404],
    ['/api/addons/shop/a/do', 404],
  ])('%s is %d, and asks the API server for nothing', async (path, status) => {
    const { ask, api } = served();
    expect((await ask(path)).status).toBe(status);
    expect(api.requests).toEqual([]);
  });

  test('an edit is a verb of the tool for the addon of the address', async () => {
    const { edit } = served();
    const command = { verb: 'plan', arguments: ['2g'], options: { 'dry-run': true } };
    const answer = (await (await edit('/api/addons/shop/a/do', command)).json()) as { said: string[] };
    expect(JSON.parse(answer.said[0] ?? '')).toEqual({ addon: { namespace: 'shop', name: 'a' }, command });
  });

  test.each<[what: string, body: unknown, headers: Record<string, string>, status: number]>([
    ['a form', 'verb=stop', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['plain text', '{"verb":"stop"}', { 'content-type': 'text/plain' }, 415],
    ['no JSON', '{', {}, 400],
    ['another shape', { verb: 1 }, {}, 400],
    ['one thing more', { verb: 'stop', kubeconfig: '/etc/passwd' }, {}, 400],
    ['too much', { verb: 'x'.repeat(100_000) }, {}, 413],
    ['another page', { verb: 'stop' }, { origin: 'https://evil.example' }, 403],
  ])('an edit that is %s is refused', async (_, body, headers, status) => {
    const { edit } = served();
    expect((await edit('/api/addons/shop/a/do', body, headers)).status).toBe(status);
  });

  test('what the API server refuses is told in its words', async () => {
    const { ask, transport } = served();
    transport.fault = () => ({ what: 'refuse', code: 403, reason: 'Forbidden' });
    const answer = await ask('/api/catalogue');
    expect(answer.status).toBe(403);
    expect(await answer.json()).toEqual({ error: expect.stringContaining('Forbidden') });
  });
});

test('what fails here is told to whoever runs the server, and not to the visitor', async () => {
  const { ask, client, noted } = served();
  client.list = async () => await Promise.reject(new TypeError('a fault of ours'));
  const answer = await ask('/api/catalogue');
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain('a fault of ours');
  expect(noted).toEqual(['TypeError: a fault of ours']);
});

test('a stream begins with the list and ends with the server', async () => {
  const { ask, client, stop } = served();
  await client.create(InfluxAddon, addonNamed('a'));
  const answer = await ask('/api/addons/stream');
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('event: rows')) text += (await reader?.read())?.value ?? '';
  expect(text).toContain('"name":"a"');
  stop.abort();
  while ((await reader?.read())?.done !== true);
});
