import { execFileSync, spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { adminStatements, BOOTSTRAP_SCRIPT, bootstrapEnvironment } from './bootstrap.ts';
import { BOOTSTRAP_EXIT, bootstrapScript } from './bootstrap-script.ts';
import { tokenize } from '../testing/tokenizer.ts';

it('is a script that a shell can read', () => {
  execFileSync('sh', ['-n', '-c', BOOTSTRAP_SCRIPT], { stdio: 'pipe' });
});

it('calls nothing that the official images lack', () => {
  const called = BOOTSTRAP_SCRIPT.replaceAll(/'[^']*'|"[^"]*"|#.*$/gm, ' ').match(
    /\b(?:awk|cp|curl|date|env|find|grep|head|id|perl|pgrep|pkill|sed|sort|stat|tail|tee|timeout|touch|tr|wc|wget|which|xargs)\b/g,
  );
  expect(called).toBeNull();
});

it('opens loopback only, without authentication, on the real meta folder and on no data', () => {
  expect(bootstrapEnvironment()).toMatchObject({
    INFLUXDB_HTTP_BIND_ADDRESS: '127.0.0.1:8086',
    INFLUXDB_BIND_ADDRESS: '127.0.0.1:8088',
    INFLUXDB_HTTP_AUTH_ENABLED: 'false',
    INFLUXDB_HTTP_HTTPS_ENABLED: 'false',
    INFLUXDB_META_DIR: '/var/lib/influxdb/meta',
    INFLUXDB_DATA_DIR: '/tmp/bootstrap/data',
    INFLUXDB_DATA_WAL_DIR: '/tmp/bootstrap/wal',
    INFLUXDB_RETENTION_ENABLED: 'false',
    INFLUXDB_CONTINUOUS_QUERIES_ENABLED: 'false',
    INFLUXDB_SHARD_PRECREATION_ENABLED: 'false',
    INFLUXDB_HTTP_LOG_ENABLED: 'false',
  });
});

it('makes an administrator, and heals one, with any name and password', () => {
  const { 'create-admin.iql': create, 'heal-admin.iql': heal } = adminStatements({
    username: 'ad"min',
    password: `it's "so"; DROP`,
  });
  const literals = [
    { kind: 'identifier', text: 'ad"min' },
    { kind: 'string', text: `it's "so"; DROP` },
  ];
  expect(tokenize(create).filter(({ kind }) => kind === 'identifier' || kind === 'string')).toEqual(literals);
  expect(tokenize(heal).filter(({ kind }) => kind === 'identifier' || kind === 'string')).toEqual([
    ...literals,
    literals[0],
  ]);
  expect(tokenize(heal).filter(({ kind }) => kind === 'end of statement')).toHaveLength(1);
});

it.each([
  ['my-app-influx-0', false],
  ['my-app-influx-1', true],
  ['my-app-influx-10', true],
  ['a-influx-1-influx-0', false],
])('in the pod %s it is refused: %s', (hostname, isRefused) => {
  const script = bootstrapScript({ statementsDir: '/nowhere', scratchDir: '/nowhere/scratch' });
  const { status, stderr } = spawnSync('sh', ['-c', script], { env: { ...process.env, HOSTNAME: hostname } });
  expect(status).toBe(isRefused ? BOOTSTRAP_EXIT.secondPod : BOOTSTRAP_EXIT.failed);
  expect(String(stderr).includes('the data belongs to another pod')).toBe(isRefused);
});

it('tells its endings apart by exit code', () => {
  const codes = Object.values(BOOTSTRAP_EXIT);
  expect(new Set(codes).size).toBe(codes.length);
  expect(codes).not.toContain(0);
});
