import { onTestFinished, expect, test } from 'vitest';
import { InfluxAddon } from '../api/kinds.ts';
import { type ConnectedVisitor, sharedDashboard } from './shared.ts';
import { addonNamed, ECHO, fakeDesk } from './testing/desk.ts';

/** Visitors by token; the API server takes those that are known. */
function served(known: readonly string[]) {
  const desks = new Map(known.map((token) => [token, fakeDesk()]));
  const [connected, closed, noted]: [string[], string[], string[]] = [[], [], []];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const connect = (token: string): ConnectedVisitor => {
    connected.push(token);
    const desk = desks.get(token) ?? fakeDesk();
    if (!desks.has(token))
      desk.transport.fault = () => ({ what: 'refuse', code: 401, reason: 'Unauthorized' });
    return { ...desk.visitor, close: async () => void closed.push(token) };
  };
  const app = sharedDashboard({
    hosts: ['db.example'],
    page: { '/': { type: 'text/html', text: '<html lang="en">' } },
    tool: ECHO,
    version: '1.2.3',
    signal: stop.signal,
    note: (line) => noted.push(line),
    connect,
  });
  const ask = async (path: string, token?: string, headers: Record<string, string> = {}) =>
    await app.request(path, {
      headers: {
        host: 'db.example',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
    });
  return { ask, connected, closed, noted, desks, stop };
}

test('the page asks for a token, and has the headers that keep others out', async () => {
  const { ask, connected } = served([]);
  const page = await ask('/');
  expect(await page.text()).toBe('<html data-login="token" lang="en">');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(connected).toEqual([]);
});

test('without a token of their own nobody is anybody', async () => {
  const { ask, connected } = served(['alice']);
  expect((await ask('/api/start')).status).toBe(401);
  expect((await ask('/api/start', 'alice', { host: 'evil.example' })).status).toBe(421);
  expect((await ask('/api/start', 'alice', { origin: 'https://evil.example' })).status).toBe(403);
  expect(connected).toEqual([]);
  const refused = await ask('/api/start', 'mallory');
  expect([refused.status, await refused.json()]).toEqual([
    401,
    { error: 'the API server does not take this token (any more)' },
  ]);
});

test('each sees what their own token shows, and is connected once', async () => {
  const { ask, desks, connected } = served(['alice', 'bob']);
  await desks.get('alice')?.client.create(InfluxAddon, addonNamed('of-alice'));
  const first = async (token: string): Promise<string> => {
    const reader = (await ask('/api/addons/stream', token)).body
      ?.pipeThrough(new TextDecoderStream())
      .getReader();
    let text = '';
    while (!text.includes('event: rows')) text += (await reader?.read())?.value ?? '';
    await reader?.cancel();
    return text;
  };
  expect(await first('alice')).toContain('of-alice');
  expect(await first('bob')).not.toContain('of-alice');
  expect(await first('alice')).toContain('of-alice');
  expect(connected).toEqual(['alice', 'bob']);
});

test('who is refused, who was not here for long, and everybody at the end is disconnected', async () => {
  const many = Array.from({ length: 65 }, (_, index) => `guest-${index}`);
  const { ask, closed, stop } = served(many);
  await ask('/api/start', 'mallory');
  await expect.poll(() => closed).toEqual(['mallory']);
  for (const token of many) expect((await ask('/api/start', token)).status).toBe(200);
  expect(closed).toEqual(['mallory', 'guest-0']);
  stop.abort();
  expect(closed).toHaveLength(66);
});

test('tokens that somebody makes up take nobody else out', async () => {
  const { ask, closed, desks, connected } = served(['alice', ...madeUp(200)]);
  expect((await ask('/api/start', 'alice')).status).toBe(200);
  // The API server takes its time over each of them.
  for (const token of madeUp(200)) {
    const desk = desks.get(token);
    if (desk !== undefined) desk.transport.fault = () => ({ what: 'hang' });
    void ask('/api/start', token);
  }
  await expect.poll(() => connected).toHaveLength(201);
  // Of those that are asked about, the first have made room.
  expect(closed).toHaveLength(136);
  expect(closed).not.toContain('alice');
  expect((await ask('/api/start', 'alice')).status).toBe(200);
  expect(connected.filter((token) => token === 'alice')).toHaveLength(1);
});

function madeUp(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `made-up-${index}`);
}
