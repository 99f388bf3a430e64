import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeEngine } from './fake-engine.ts';

let engine: FakeEngine;
let port = 0;
const address = '127.0.0.1';

beforeEach(async () => {
  engine = new FakeEngine();
  port = await engine.start(address, 'volume', {}, { port: 0, version: '1.7.11' });
});
afterEach(() => engine.stopAll());

const query = (q: string): Promise<Response> =>
  fetch(`http://${address}:${port}/query`, { method: 'POST', body: new URLSearchParams({ q }) });

test('what is stored outlives the process and goes with the volume', async () => {
  await query('CREATE DATABASE a');
  await engine.stop(address);
  await expect(query('SHOW DATABASES')).rejects.toThrow();
  port = await engine.start(address, 'volume', {}, { port: 0 });
  expect(await (await query('SHOW DATABASES')).text()).toContain('["a"]');
  engine.forget('volume');
  expect(await (await query('SHOW DATABASES')).text()).not.toContain('["a"]');
});

test('a dropped answer leaves the statement done, a refused one does not', async () => {
  const clear = engine.fault({ behave: 'DropAnswer' });
  await expect(query('CREATE DATABASE dropped')).rejects.toThrow();
  clear();
  engine.fault({ behave: 'Refuse' });
  await expect(query('CREATE DATABASE refused')).rejects.toThrow();
  expect([...engine.state('volume').databases.keys()]).toEqual(['dropped']);
});

test('a fault begins after so many matching requests and ends after so many', async () => {
  engine.fault({ match: ({ body }) => body.includes('USERS'), behave: 'Error500', after: 1, times: 1 });
  expect((await query('SHOW DATABASES')).status).toBe(200);
  const statuses = [];
  for (let count = 0; count < 3; count++) {
    statuses.push((await query('SHOW USERS')).status);
  }
  expect(statuses).toEqual([200, 500, 200]);
});

test('the log names statements and statuses, and no password', async () => {
  await query("CREATE USER a WITH PASSWORD 'canary'");
  await fetch(`http://${address}:${port}/ping`);
  expect(engine.requests(address)).toEqual([
    {
      address,
      storageKey: 'volume',
      method: 'POST',
      path: '/query',
      statements: ['CREATE USER a WITH PASSWORD [REDACTED]'],
      status: 200,
    },
    { address, storageKey: 'volume', method: 'GET', path: '/ping', statements: [], status: 204 },
  ]);
});

test('two engines on one volume are a violation', async () => {
  await engine.start('127.0.0.2', 'volume', {}, { port: 0 });
  expect(engine.violations).toEqual(['two engines on volume volume: 127.0.0.1 and 127.0.0.2']);
});

test('the bootstrap makes the administrator, heals one that was lost, and says what failed', () => {
  const files = {
    'create-admin.iql': "CREATE USER admin WITH PASSWORD 'new' WITH ALL PRIVILEGES;\n",
    'heal-admin.iql': "SET PASSWORD FOR admin = 'new';\nGRANT ALL PRIVILEGES TO admin;\n",
  };
  expect(engine.bootstrap('volume', files)).toBeUndefined();
  const admin = engine.state('volume').users.get('admin');
  Object.assign(admin ?? {}, { password: 'stolen', admin: false });
  expect(engine.bootstrap('volume', files)).toBeUndefined();
  expect(admin).toMatchObject({ password: 'new', admin: true });
  expect(engine.bootstrap('volume', { 'heal-admin.iql': "SET PASSWORD FOR nobody = 'x'" })).toBe(
    'user not found',
  );
});
