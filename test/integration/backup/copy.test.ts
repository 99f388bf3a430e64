import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobSpec } from '../../../src/backup/protocol.ts';
import type { InfluxVersion } from '../../cluster/images/influxdb.ts';
import { pick } from '../../size.ts';
import { ADMIN, Pod, VERSIONS } from '../influx-process.ts';
import { type JobPodOptions, runJobPod } from './job-pod.ts';
import { fill, fingerprints } from './points.ts';
import { objectsOf } from './stored.ts';

const FROM = 'old_app';
const TO = 'other_9';
const USER = { username: 'old_app', password: 'Canary/of:the@old' };

function spec(version: string): JobSpec {
  return {
    operation: 'copy',
    deadlineSeconds: 600,
    target: { name: TO, engineVersion: version, storageBytes: 1024 ** 4 },
  };
}

function urlOf(pod: { readonly port: number }, { database = FROM, password = USER.password } = {}): string {
  return `http://${USER.username}:${encodeURIComponent(password)}@127.0.0.1:${pod.port}/${database}`;
}

/** A server that is nobody's addon, with a user who may read one database and nothing else. */
async function oldServer(version: InfluxVersion, points: number): Promise<Pod> {
  const pod = await Pod.create(version);
  await pod.bootstrap();
  await pod.engine();
  const admin = pod.client(ADMIN);
  await fill(admin, FROM, { points, series: 100 });
  await admin.query([
    `CREATE USER "${USER.username}" WITH PASSWORD '${USER.password}'`,
    `GRANT READ ON "${FROM}" TO "${USER.username}"`,
    `CREATE CONTINUOUS QUERY "hourly" ON "${FROM}" BEGIN SELECT mean(v) AS v INTO "year"."m_1h" FROM "week"."m1" GROUP BY time(1h), * END`,
    `ALTER RETENTION POLICY "week" ON "${FROM}" DEFAULT`,
    `CREATE RETENTION POLICY "short" ON "${FROM}" DURATION 2d REPLICATION 1`,
  ]);
  return pod;
}

const ODD = [
  // More than a float holds, all types, times before 1970 and far ahead, and names that need escapes.
  'odd\\ one\\,,a\\ tag=v\\=1\\,2\\ 3 i=9007199254740993i,f=1e-300,s="say \\"\\\\\\" so",b=true -100000000000001',
  'odd\\ one\\, i=-9223372036854775808i,a\\ field=1.7976931348623157e308 9000000000000000001',
  'odd\\ one\\,,a\\ tag=ü,other=x s="two\nlines",f=3,b=false 1700000000000000001',
];

async function everything(pod: Pod, database: string): Promise<string> {
  const admin = pod.client(ADMIN);
  const answer = await fetch(
    `http://127.0.0.1:${pod.port}/query?${new URLSearchParams({
      db: database,
      epoch: 'ns',
      q: 'SELECT * FROM "year"."odd one," GROUP BY *',
    }).toString()}`,
    { headers: { authorization: `Basic ${btoa(`${ADMIN.username}:${ADMIN.password}`)}` } },
  );
  const types = await admin.one(`SHOW FIELD KEYS ON "${database}"`);
  const policies = await admin.one(`SHOW RETENTION POLICIES ON "${database}"`);
  return [
    JSON.stringify(await fingerprints(admin, database)),
    await answer.text(),
    JSON.stringify(types.series),
    JSON.stringify(
      policies.series.map(({ values }) =>
        values.map((row) => JSON.stringify(row)).toSorted((a, b) => (a < b ? -1 : 1)),
      ),
    ),
  ].join('\n');
}

/** Runs the copy, then starts the engine on what came of it. */
async function copied(source: { readonly port: number }, target: Pod, options: JobPodOptions = {}) {
  const { version } = target;
  const job = { engine: version, state: target.stateDir, source: { url: urlOf(source) }, ...options };
  return await runJobPod(spec(version), job);
}

describe.each(pick<InfluxVersion[]>(['1.8.10'], VERSIONS))('a running InfluxDB %s', (version) => {
  it('is copied as a user who may only read, with types, policies, continuous queries and every digit', async () => {
    await using source = await oldServer(version, 20_000);
    await source.client(ADMIN).write(FROM, ODD, { rp: 'year' });
    await using target = await Pod.create(version);
    const { result, log } = await copied(source, target);
    expect(result).toMatchObject({
      ok: true,
      operation: 'copy',
      verified: 'Counts',
      points: 40_009,
      continuousQueries: 1,
      refusedQueries: [],
    });
    expect(log).not.toContain('Canary');
    await target.bootstrap();
    await target.engine();
    expect(await everything(target, TO)).toBe(await everything(source, FROM));
    const queries = JSON.stringify((await target.client(ADMIN).one('SHOW CONTINUOUS QUERIES')).series);
    expect(queries).toContain('other_9.year.m_1h');
  });
});

/** What a proxy before the source does about a query for points, by its number; undefined: passes it on. */
type Fault = (selects: number, answer: string, response: ServerResponse) => boolean;

async function proxied(source: Pod) {
  const state = { selects: 0, fault: (() => false) as Fault };
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString('utf8');
      const answer = await fetch(`http://127.0.0.1:${source.port}${request.url}`, {
        method: 'POST',
        headers: {
          authorization: request.headers.authorization ?? '',
          'content-type': 'application/x-www-form-urlencoded',
        },
        body,
      });
      const text = await answer.text();
      const isRead = (new URLSearchParams(body).get('q') ?? '').startsWith('SELECT "');
      if (isRead) state.selects += 1;
      if (isRead && state.fault(state.selects, text, response)) return;
      response.writeHead(answer.status).end(text);
    })().catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    state,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('a copy', () => {
  let source: Pod;
  beforeAll(async () => {
    source = await oldServer('1.8.10', 3_000);
    await source.client(ADMIN).write(FROM, ODD, { rp: 'year' });
  });
  afterAll(() => source?.[Symbol.asyncDispose]());

  it('goes on where it was interrupted, and reads again only what was not whole', async () => {
    await using proxy = await proxied(source);
    await using target = await Pod.create('1.8.10');
    const stop = new AbortController();
    proxy.state.fault = (selects) => {
      if (selects === 9) stop.abort();
      return selects === 9;
    };
    const first = await copied(proxy, target, { stop: stop.signal });
    expect(first.result).toMatchObject({ ok: false, reason: 'Interrupted', retryable: true });

    proxy.state.fault = () => false;
    proxy.state.selects = 0;
    const second = await copied(proxy, target);
    expect(second.result).toMatchObject({ ok: true, points: 6_009 });
    const again = proxy.state.selects;

    // Whoever asks once more is told that it is done, and nothing is read.
    proxy.state.selects = 0;
    expect((await copied(proxy, target)).result).toMatchObject({ ok: true });
    expect(proxy.state.selects).toBe(0);

    await using fresh = await Pod.create('1.8.10');
    expect((await copied(proxy, fresh)).result).toMatchObject({ ok: true, points: 6_009 });
    expect(again).toBe(proxy.state.selects - 8);
    await target.bootstrap();
    await target.engine();
    expect(await everything(target, TO)).toBe(await everything(source, FROM));
  });

  it.each<[string, Fault]>([
    [
      'is cut off',
      (n, text, response) => n === 3 && response.end(text.slice(0, text.length / 2)) !== undefined,
    ],
    [
      'ends after a part',
      (n, _text, response) => n === 3 && response.end('{"results":[{"partial":true}]}\n') !== undefined,
    ],
    ['breaks', (n, _text, response) => n === 3 && response.destroy() !== undefined],
    ['is busy', (n, _text, response) => n === 3 && response.writeHead(503).end() !== undefined],
  ])('reads a window again whose answer %s', async (_name, fault) => {
    await using proxy = await proxied(source);
    proxy.state.fault = fault;
    await using target = await Pod.create('1.8.10');
    const { result, log } = await copied(proxy, target);
    expect(result).toMatchObject({ ok: true, points: 6_009 });
    expect(log.match(/"again"/g)).toHaveLength(1);
  });

  it('is refused when the answer leaves points out', async () => {
    await using proxy = await proxied(source);
    proxy.state.fault = (n, _text, response) => n === 3 && response.end('{"results":[{}]}\n') !== undefined;
    await using target = await Pod.create('1.8.10');
    const { result } = await copied(proxy, target);
    expect(result).toMatchObject({ ok: false, reason: 'CountsDiffer', retryable: true });
  });

  it.each([
    ['a wrong password', () => ({ url: urlOf(source, { password: 'Canary-wrong' }) }), 'SourceDenied'],
    ['a database it may not read', () => ({ url: urlOf(source, { database: 'private' }) }), 'SourceDenied'],
    ['no server', () => ({ url: 'http://u:Canary-pass@127.0.0.1:1/db' }), 'SourceUnreachable'],
    ['no URL', () => ({}), 'SourceRefused'],
    ['something else', () => ({ url: 'ftp://u:Canary-pass@127.0.0.1/db' }), 'SourceRefused'],
    ['the metadata service', () => ({ url: 'http://u:Canary-pass@169.254.169.254/db' }), 'EndpointForbidden'],
    ['a private address', () => ({ url: 'http://u:Canary-pass@10.1.2.3/db' }), 'EndpointForbidden'],
  ])('is refused before anything is touched: %s', async (_name, secret, reason) => {
    await using target = await Pod.create('1.8.10');
    const { result, log } = await copied(source, target, { source: secret() });
    expect(result).toMatchObject({ ok: false, reason });
    expect(JSON.stringify(result) + log).not.toContain('Canary');
    expect(await objectsOf(target.stateDir)).toEqual([]);
  });

  it('is refused on the own machine', async () => {
    await using target = await Pod.create('1.8.10');
    const { result } = await copied(source, target, { allowLoopback: false });
    expect(result).toMatchObject({ ok: false, reason: 'EndpointForbidden' });
  });

  it('is refused with the name of a field whose type is not one', async () => {
    await using mixed = await Pod.create('1.8.10');
    await mixed.bootstrap();
    await mixed.engine();
    const admin = mixed.client(ADMIN);
    await admin.query([
      `CREATE DATABASE "${FROM}"`,
      `CREATE USER "${USER.username}" WITH PASSWORD '${USER.password}'`,
      `GRANT READ ON "${FROM}" TO "${USER.username}"`,
    ]);
    await admin.write(FROM, ['m n=1i,x=1 1', 'm n=2.5,x="one" 1700000000000000000']);
    await using target = await Pod.create('1.8.10');
    const refused = await copied(mixed, target);
    expect(refused.result).toMatchObject({ ok: false, reason: 'SourceRefused', retryable: false });
    expect(refused.message).toContain('The field x of the measurement m is of the type float and string');
  });
});
