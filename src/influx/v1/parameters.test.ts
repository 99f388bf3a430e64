import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { engineParameters } from './parameters.ts';
import { type PlanSize } from '../pod-parts.ts';

const GiB = 1024 ** 3;
const MiB = 1024 ** 2;
const engine = { version: '1.8.10', tls: false };

function plan(gib: number, cpuLimit: number, queries = 20, connections = 1_000): PlanSize {
  return {
    memoryBytes: gib * GiB,
    cpuLimit,
    limits: { connections, concurrentQueries: queries, queryTimeout: '60s', series: 100_000 },
  };
}

describe('engineParameters', () => {
  it.each([
    { gib: 0.5, cpu: 0.5, cache: 128 * MiB, snapshot: 16 * MiB, compactions: 1, procs: 1 },
    { gib: 1, cpu: 1, cache: 256 * MiB, snapshot: 25 * MiB, compactions: 1, procs: 1 },
    { gib: 2, cpu: 1, cache: 512 * MiB, snapshot: 25 * MiB, compactions: 1, procs: 1 },
    { gib: 4, cpu: 2, cache: GiB, snapshot: 25 * MiB, compactions: 1, procs: 2 },
    { gib: 8, cpu: 3.5, cache: 2 * GiB, snapshot: 25 * MiB, compactions: 1, procs: 4 },
    { gib: 16, cpu: 8, cache: 4 * GiB, snapshot: 25 * MiB, compactions: 4, procs: 8 },
    { gib: 32, cpu: 16, cache: 8 * GiB, snapshot: 25 * MiB, compactions: 8, procs: 16 },
  ])('of a plan of $gib GiB', ({ gib, cpu, cache, snapshot, compactions, procs }) => {
    expect(engineParameters(plan(gib, cpu), engine)).toMatchObject({
      INFLUXDB_DATA_CACHE_MAX_MEMORY_SIZE: String(cache),
      INFLUXDB_DATA_CACHE_SNAPSHOT_MEMORY_SIZE: String(snapshot),
      INFLUXDB_DATA_MAX_CONCURRENT_COMPACTIONS: String(compactions),
      GOMAXPROCS: String(procs),
      GOMEMLIMIT: String(Math.floor(gib * GiB * 0.8)),
      INFLUXDB_COORDINATOR_QUERY_TIMEOUT: '60s',
      INFLUXDB_COORDINATOR_MAX_CONCURRENT_QUERIES: '22',
      INFLUXDB_HTTP_MAX_CONNECTION_LIMIT: '1016',
    });
  });

  it('never gives a larger plan less of anything, and always flushes the cache before it is full', () => {
    const size = fc.record({
      memoryBytes: fc.integer({ min: 64 * MiB, max: 64 * GiB }),
      cpuLimit: fc.double({ min: 0.05, max: 64, noNaN: true }),
      queries: fc.integer({ min: 1, max: 1_000 }),
      connections: fc.integer({ min: 10, max: 100_000 }),
    });
    fc.assert(
      fc.property(size, size, (a, b) => {
        const small = numbers(pick(a, b, Math.min));
        const large = numbers(pick(a, b, Math.max));
        for (const [name, value] of Object.entries(small))
          expect(large[name], name).toBeGreaterThanOrEqual(value);
        expect(large['INFLUXDB_DATA_CACHE_MAX_MEMORY_SIZE']).toBeGreaterThan(
          large['INFLUXDB_DATA_CACHE_SNAPSHOT_MEMORY_SIZE'] ?? 0,
        );
      }),
    );
  });

  it('asks for authentication always, keeps the backup port on loopback and says nothing to the vendor', () => {
    for (const version of ['1.6.7', '1.7.11', '1.8.10', '1.12.4'])
      for (const tls of [true, false])
        expect(engineParameters(plan(1, 1), { version, tls })).toMatchObject({
          INFLUXDB_HTTP_AUTH_ENABLED: 'true',
          INFLUXDB_BIND_ADDRESS: '127.0.0.1:8088',
          INFLUXDB_REPORTING_DISABLED: 'true',
          INFLUXDB_REPORTING_ENABLED: 'false',
          INFLUXDB_MONITOR_STORE_ENABLED: 'false',
        });
  });

  it('closes /debug/vars where the version can, and leaves /ping open to probes', () => {
    expect(engineParameters(plan(1, 1), { version: '1.6.7', tls: false })).not.toHaveProperty(
      'INFLUXDB_HTTP_PPROF_AUTH_ENABLED',
    );
    for (const version of ['1.7.11', '1.8.10', '1.12.4'])
      expect(engineParameters(plan(1, 1), { version, tls: false })).toMatchObject({
        INFLUXDB_HTTP_PPROF_AUTH_ENABLED: 'true',
        INFLUXDB_HTTP_PING_AUTH_ENABLED: 'false',
      });
  });

  it('names the certificate only with TLS', () => {
    const off = engineParameters(plan(1, 1), engine);
    expect(off).toMatchObject({ INFLUXDB_HTTP_HTTPS_ENABLED: 'false' });
    expect(off).not.toHaveProperty('INFLUXDB_HTTP_HTTPS_CERTIFICATE');
    expect(engineParameters(plan(1, 1), { version: '1.8.10', tls: true })).toMatchObject({
      INFLUXDB_HTTP_HTTPS_ENABLED: 'true',
      INFLUXDB_HTTP_HTTPS_CERTIFICATE: '/etc/influxdb-tls/tls.crt',
      INFLUXDB_TLS_MIN_VERSION: 'tls1.2',
    });
  });

  it('is sure only of 1.x', () => {
    expect(() => engineParameters(plan(1, 1), { version: '2.7.12', tls: false })).toThrow(/2\.7\.12/);
  });
});

interface Size {
  memoryBytes: number;
  cpuLimit: number;
  queries: number;
  connections: number;
}

function numbers(size: Size): Record<string, number> {
  const { memoryBytes, cpuLimit, queries, connections } = size;
  const environment = engineParameters({ ...plan(1, cpuLimit, queries, connections), memoryBytes }, engine);
  return Object.fromEntries(
    Object.entries(environment)
      .filter(([, value]) => /^\d+$/.test(value))
      .map(([name, value]) => [name, Number(value)]),
  );
}

function pick(a: Size, b: Size, choose: (x: number, y: number) => number): Size {
  return {
    memoryBytes: choose(a.memoryBytes, b.memoryBytes),
    cpuLimit: choose(a.cpuLimit, b.cpuLimit),
    queries: choose(a.queries, b.queries),
    connections: choose(a.connections, b.connections),
  };
}
