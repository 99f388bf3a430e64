import { describe, expect, it } from 'vitest';
import { InfluxClient } from './client.ts';
import { setPassword } from './influxql.ts';
import { rows } from './results.ts';
import { engineAnswer, ScriptedTransport, statementsOf } from '../testing/scripted-transport.ts';
import type { InfluxResponse } from '../transport.ts';

const endpoint = { host: '10.0.0.7', port: 8086 };
const credentials = { username: 'admin', password: 'hunter2hunter2' };

function clientOf(answer: InfluxResponse): { client: InfluxClient; transport: ScriptedTransport } {
  const transport = new ScriptedTransport(() => answer);
  return { client: new InfluxClient(transport, endpoint, credentials), transport };
}

describe('ping', () => {
  it('gives the version in the form of the catalogue, and sends no credentials', async () => {
    const { client, transport } = clientOf({
      status: 204,
      headers: { 'x-influxdb-version': '1.6.7~rc0' },
      body: '',
    });
    expect(await client.ping()).toBe('1.6.7');
    expect(transport.requests).toMatchObject([{ method: 'GET', path: '/ping' }]);
    expect(transport.requests[0]).not.toHaveProperty('auth');
  });

  it('does not take another server for an engine', async () => {
    const { client } = clientOf({ status: 200, headers: {}, body: 'welcome to nginx' });
    await expect(client.ping()).rejects.toMatchObject({ kind: 'Protocol' });
  });
});

describe('query', () => {
  it('keeps statements out of the URL', async () => {
    const { client, transport } = clientOf(engineAnswer(200, { results: [{ statement_id: 0 }] }));
    await client.query(setPassword('app', 'geheim+&='), { db: 'app' });
    const [request] = transport.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/query', auth: credentials });
    expect(request?.query).toBeUndefined();
    expect(new URLSearchParams(request?.body).get('q')).toBe(`SET PASSWORD FOR "app" = 'geheim+&='`);
    expect(new URLSearchParams(request?.body).get('db')).toBe('app');
  });

  it('gives each statement its own result, also when one failed with status 200', async () => {
    const { client, transport } = clientOf(
      engineAnswer(200, {
        results: [
          { statement_id: 0, series: [{ name: 'databases', columns: ['name'], values: [['a'], ['b']] }] },
          { statement_id: 1, error: 'database not found: x' },
          { statement_id: 2, error: 'not executed' },
        ],
      }),
    );
    const [databases, missing, rest] = await client.query(['SHOW DATABASES', 'SHOW x', 'SHOW USERS']);
    expect(transport.requests.map(statementsOf)).toEqual([['SHOW DATABASES', 'SHOW x', 'SHOW USERS']]);
    expect(databases && rows(databases)).toEqual([{ name: 'a' }, { name: 'b' }]);
    expect(missing?.error).toMatchObject({ kind: 'Refused', message: 'database not found: x', status: 200 });
    expect(missing?.error?.isNotExecuted).toBe(false);
    expect(rest?.error?.isNotExecuted).toBe(true);
  });

  it('takes statements that the answer leaves out as not executed', async () => {
    const { client } = clientOf(engineAnswer(200, { results: [{ error: 'timeout' }] }));
    const results = await client.query(['A', 'B', 'C']);
    expect(results.map(({ error }) => error?.message)).toEqual(['timeout', 'not executed', 'not executed']);
  });

  it.each([
    [401, 'Unauthorized', 'authorization failed'],
    [403, 'Forbidden', 'error authorizing query: app not authorized to execute statement'],
    [400, 'Refused', 'error parsing query: found FOO'],
    [500, 'Refused', 'engine is closed'],
  ])('throws status %i as %s with the words of the engine', async (status, kind, words) => {
    const { client } = clientOf(engineAnswer(status, { error: words }));
    await expect(client.query('SHOW USERS')).rejects.toMatchObject({ kind, status, message: words });
  });

  it('calls an error page of something else a protocol error', async () => {
    const { client } = clientOf({ status: 502, headers: {}, body: '<html>bad gateway</html>' });
    await expect(client.query('SHOW USERS')).rejects.toMatchObject({ kind: 'Protocol', status: 502 });
  });

  it.each([
    [401, 'sign in first'],
    [403, 'RBAC: access denied'],
  ])('takes status %i for a word on the login only from the engine itself', async (status, words) => {
    const { client } = clientOf({ status, headers: { server: 'envoy' }, body: words });
    const message = expect.stringContaining(words) as string;
    await expect(client.query('SHOW USERS')).rejects.toMatchObject({ kind: 'Protocol', status, message });
  });

  it.each(['', 'null', '[]', '{}', '{"results":3}', '<html>'])(
    'calls the body %j a protocol error',
    async (body) => {
      const { client } = clientOf(engineAnswer(200, body));
      await expect(client.query('SHOW USERS')).rejects.toMatchObject({ kind: 'Protocol' });
    },
  );

  it('never puts a password into an error', async () => {
    const words = `error parsing query: found new-secret, expected hunter2hunter2 at line 1`;
    const { client } = clientOf(engineAnswer(400, { error: words }));
    await expect(client.query(setPassword('app', 'new-secret'))).rejects.toMatchObject({
      message: 'error parsing query: found [REDACTED], expected [REDACTED] at line 1',
    });
  });

  it('throws the error of a single statement', async () => {
    const { client } = clientOf(engineAnswer(200, { results: [{ error: 'user not found' }] }));
    await expect(client.one('DROP USER "x"')).rejects.toMatchObject({ message: 'user not found' });
  });
});

describe('write', () => {
  it('posts lines with database, policy and precision', async () => {
    const { client, transport } = clientOf(engineAnswer(204));
    await client.write('app', ['cpu v=1 1', 'cpu v=2 2'], { rp: 'week', precision: 's' });
    expect(transport.requests).toMatchObject([
      { path: '/write', query: { db: 'app', rp: 'week', precision: 's' }, body: 'cpu v=1 1\ncpu v=2 2' },
    ]);
  });

  it('throws a partial write with what the engine dropped', async () => {
    const words = 'partial write: points beyond retention policy dropped=1';
    const { client } = clientOf(engineAnswer(400, { error: words }));
    await expect(client.write('app', 'cpu v=1')).rejects.toMatchObject({ kind: 'Refused', message: words });
  });
});
