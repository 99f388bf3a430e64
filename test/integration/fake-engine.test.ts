import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeEngine } from '../cluster/fakes/fake-engine.ts';
import { endWithParent } from '../cluster/component.ts';
import { freePorts } from '../cluster/free-ports.ts';
import { influxBinaries } from '../cluster/images/influxdb.ts';
import { PATIENCE_MS } from '../patience.ts';
import { pick } from '../size.ts';
import { conversations, type Step } from './fake-engine-conversations.ts';

/**
 * The fake engine stands for InfluxDB in every test without a node, so it must answer as InfluxDB does: the same
 * conversations with both, compared word for word. Only times of writing are masked.
 */
const address = '127.0.0.1';
const fake = new FakeEngine();
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fake-engine-'));
});

afterAll(async () => {
  await fake.stopAll();
  await rm(folder, { recursive: true, force: true });
});

/** The fake tells its version and knows no other difference, so one talk with 1.7, which starts slowly, tells most. */
const spoken = {
  '1.7.11': pick(
    conversations.filter(({ name }) => name === 'users, passwords and rights are made, healed and taken'),
    conversations,
  ),
  '1.8.10': conversations,
};

for (const version of ['1.7.11', '1.8.10'] as const) {
  describe(`InfluxDB ${version}`, () => {
    test.each(spoken[version].map((conversation) => [conversation.name, conversation] as const))(
      '%s',
      async (name, { steps, env }) => {
        const settings = { INFLUXDB_HTTP_AUTH_ENABLED: 'true', ...env };
        const key = `${version} ${name}`;
        await using real = await startReal(version, settings);
        const port = await fake.start(address, key, settings, { version, port: 0 });
        try {
          for (const step of steps) {
            const expected = await ask(real.port, step);
            expect.soft({ step, ...(await ask(port, step)) }).toEqual({ step, ...expected });
          }
          expect(fake.unknownStatements).toEqual([]);
        } finally {
          await fake.stop(address);
        }
      },
    );
  });
}

async function ask(port: number, step: Step): Promise<object> {
  const url = new URL(step.path, `http://${address}:${port}`);
  for (const [name, value] of Object.entries(step.query ?? {})) {
    url.searchParams.set(name, value);
  }
  const response = await fetch(url, {
    method: step.method ?? 'POST',
    headers: {
      ...step.headers,
      ...(step.as && { authorization: `Basic ${Buffer.from(step.as).toString('base64')}` }),
    },
    ...(step.form
      ? { body: new URLSearchParams(step.form) }
      : step.body === undefined
        ? {}
        : { body: step.body }),
  });
  const text = await response.text();
  const json = response.headers.get('content-type') === 'application/json' && text !== '';
  return {
    status: response.status,
    body: json ? sortGrants(JSON.parse(text)) : text,
    version: response.headers.get('x-influxdb-version'),
    error: response.headers.get('x-influxdb-error')?.replaceAll('\n', ' ') ?? null,
    challenge: response.headers.get('www-authenticate'),
  };
}

/** The server keeps a user's grants in a Go map: their order means nothing. */
function sortGrants(body: {
  results?: { series?: { columns?: string[]; values?: string[][] }[] }[];
}): unknown {
  for (const series of body.results?.flatMap((result) => result.series ?? []) ?? []) {
    if (series.columns?.includes('privilege')) {
      series.values?.sort();
    }
  }
  return body;
}

async function startReal(
  version: '1.7.11' | '1.8.10',
  env: Record<string, string>,
): Promise<{ port: number } & AsyncDisposable> {
  const { influxd } = await influxBinaries(version);
  const dir = await mkdtemp(join(folder, 'influxd-'));
  const [port = 0, rpc = 0] = await freePorts(2, address);
  const process = spawn(...endWithParent(influxd, []), {
    stdio: 'ignore',
    env: {
      HOME: dir,
      INFLUXDB_META_DIR: join(dir, 'meta'),
      INFLUXDB_DATA_DIR: join(dir, 'data'),
      INFLUXDB_DATA_WAL_DIR: join(dir, 'wal'),
      INFLUXDB_BIND_ADDRESS: `${address}:${rpc}`,
      INFLUXDB_HTTP_BIND_ADDRESS: `${address}:${port}`,
      INFLUXDB_REPORTING_DISABLED: 'true',
      INFLUXDB_MONITOR_STORE_ENABLED: 'false',
      INFLUXDB_HTTP_LOG_ENABLED: 'false',
      INFLUXDB_DATA_INDEX_VERSION: 'tsi1',
      ...env,
    },
  });
  const ended = once(process, 'close');
  const kill = async (): Promise<void> => {
    process.kill('SIGKILL');
    await ended;
  };
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end && process.exitCode === null) {
    const answered = await fetch(`http://${address}:${port}/ping`).then(
      () => true,
      () => false,
    );
    if (answered) return { port, [Symbol.asyncDispose]: kill };
    await sleep(20);
  }
  await kill();
  throw new Error(`influxd ${version} does not answer`);
}
