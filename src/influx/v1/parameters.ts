import { type PlanSize } from '../pod-parts.ts';
import assert from 'node:assert/strict';
import { seconds } from '../duration.ts';
import { isAtLeast } from './version.ts';

/*
 * The engine's parameters by plan. memory = the container's limit in bytes, cpu = its limit in cores,
 * plan.x = the plan's limits. Variables are INFLUXDB_<name> unless they stand in full.
 *
 * | variable                                | value                        | why |
 * |-----------------------------------------|------------------------------|-----|
 * | DATA_CACHE_MAX_MEMORY_SIZE              | memory / 4                   | per shard: writes to the open one must not push out queries and index |
 * | DATA_CACHE_SNAPSHOT_MEMORY_SIZE         | memory / 32, at most 25 MiB  | far below the cache's limit, or writes jam before the cache is flushed |
 * | DATA_MAX_CONCURRENT_COMPACTIONS         | cpu / 2, at least 1          | by itself the engine counts the node's cores |
 * | GOMAXPROCS                              | cpu, rounded up              | Go before 1.25 counts the node's cores, and is throttled |
 * | GOMEMLIMIT                              | 80 % of memory               | the collector works harder before the kernel kills; old builds (1.8 is Go 1.13) ignore it |
 * | COORDINATOR_QUERY_TIMEOUT               | plan.queryTimeout            | |
 * | COORDINATOR_MAX_CONCURRENT_QUERIES      | plan.concurrentQueries + 2   | the operator asks too |
 * | HTTP_MAX_CONNECTION_LIMIT               | plan.connections + 16        | above it connections are closed unanswered, probes of the kubelet and the operator included |
 *
 * plan.series is no parameter: with the tsi1 index the engine enforces no limit on cardinality (only the old
 * in-memory index did, by refusing whole batches), so the operator watches it.
 * The rest is the same for every plan: see `baseParameters` and `versionParameters`.
 */

export interface Engine {
  /** `1.8.10` */
  version: string;
  tls: boolean;
}

export interface EngineAddresses {
  /** Default `:8086`. */
  http?: string;
  /** Of the backup service, which asks for no credentials: loopback. Default `127.0.0.1:8088`. */
  rpc?: string;
  /** Default `/var/lib/influxdb`, where the volume is mounted. */
  stateDir?: string;
  /** Where the certificate Secret is mounted. Default `/etc/influxdb-tls`. */
  tlsDir?: string;
}

/** Room for probes, the operator and backups beside the plan's own connections. */
const SPARE_CONNECTIONS = 16;
const SPARE_QUERIES = 2;
const MiB = 1024 * 1024;

/** The whole environment of `influxd` in the main container. */
export function engineParameters(
  plan: PlanSize,
  engine: Engine,
  addresses: EngineAddresses = {},
): Record<string, string> {
  assert(/^1\.\d+\.\d+$/.test(engine.version), `no parameters are known for InfluxDB ${engine.version}`);
  return {
    ...baseParameters(addresses),
    ...planParameters(plan),
    ...versionParameters(engine.version),
    ...tlsParameters(engine, addresses.tlsDir ?? '/etc/influxdb-tls'),
  };
}

/** What never depends on plan or version, and is shared with the bootstrap's server. */
export function baseParameters(addresses: EngineAddresses = {}): Record<string, string> {
  const stateDir = addresses.stateDir ?? '/var/lib/influxdb';
  return {
    // The images bring a file of their own; the environment alone decides here.
    INFLUXDB_CONFIG_PATH: '/dev/null',
    INFLUXDB_META_DIR: `${stateDir}/meta`,
    INFLUXDB_DATA_DIR: `${stateDir}/data`,
    INFLUXDB_DATA_WAL_DIR: `${stateDir}/wal`,
    INFLUXDB_BIND_ADDRESS: addresses.rpc ?? '127.0.0.1:8088',
    INFLUXDB_HTTP_BIND_ADDRESS: addresses.http ?? ':8086',
    INFLUXDB_HTTP_AUTH_ENABLED: 'true',
    // Upstream knows the first spelling, Debian's build the second; a name it doesn't know is ignored.
    INFLUXDB_REPORTING_DISABLED: 'true',
    INFLUXDB_REPORTING_ENABLED: 'false',
    // Else the engine writes statistics about itself every 10 s into a database `_internal`.
    INFLUXDB_MONITOR_STORE_ENABLED: 'false',
    INFLUXDB_SUBSCRIBER_ENABLED: 'false',
    // A line for every request and every query of the application.
    INFLUXDB_HTTP_LOG_ENABLED: 'false',
    INFLUXDB_DATA_QUERY_LOG_ENABLED: 'false',
    INFLUXDB_LOGGING_FORMAT: 'logfmt',
    INFLUXDB_LOGGING_SUPPRESS_LOGO: 'true',
    // New shards only; shards made in memory stay as they are until somebody converts them, and for these
    // the limits that reject whole batches are off.
    INFLUXDB_DATA_INDEX_VERSION: 'tsi1',
    INFLUXDB_DATA_MAX_SERIES_PER_DATABASE: '0',
    INFLUXDB_DATA_MAX_VALUES_PER_TAG: '0',
    // An integer: the engine before 1.13 refuses to start on `25m` here.
    INFLUXDB_HTTP_MAX_BODY_SIZE: '25000000',
    INFLUXDB_HTTP_FLUX_ENABLED: 'false',
  };
}

function planParameters({ memoryBytes, cpuLimit, limits }: PlanSize): Record<string, string> {
  return {
    INFLUXDB_DATA_CACHE_MAX_MEMORY_SIZE: String(Math.floor(memoryBytes / 4)),
    INFLUXDB_DATA_CACHE_SNAPSHOT_MEMORY_SIZE: String(Math.min(25 * MiB, Math.floor(memoryBytes / 32))),
    INFLUXDB_DATA_MAX_CONCURRENT_COMPACTIONS: String(Math.max(1, Math.floor(cpuLimit / 2))),
    INFLUXDB_COORDINATOR_QUERY_TIMEOUT: `${seconds(limits.queryTimeout)}s`,
    INFLUXDB_COORDINATOR_MAX_CONCURRENT_QUERIES: String(limits.concurrentQueries + SPARE_QUERIES),
    INFLUXDB_HTTP_MAX_CONNECTION_LIMIT: String(limits.connections + SPARE_CONNECTIONS),
    GOMAXPROCS: String(Math.max(1, Math.ceil(cpuLimit))),
    GOMEMLIMIT: String(Math.floor(memoryBytes * 0.8)),
  };
}

function versionParameters(version: string): Record<string, string> {
  // 1.6 knows no authentication here: no profiles for anybody, and /debug/vars is a matter of the NetworkPolicy.
  if (!isAtLeast(version, '1.7')) return { INFLUXDB_HTTP_PPROF_ENABLED: 'false' };
  return {
    // Administrators only for profiles and for /debug/vars, which names databases and measurements. With
    // pprof off the engine would leave /debug/vars open, authentication asked for or not.
    INFLUXDB_HTTP_PPROF_ENABLED: 'true',
    INFLUXDB_HTTP_PPROF_AUTH_ENABLED: 'true',
    // Probes of the kubelet have no credentials.
    INFLUXDB_HTTP_PING_AUTH_ENABLED: 'false',
  };
}

function tlsParameters({ tls }: Engine, dir: string): Record<string, string> {
  if (!tls) return { INFLUXDB_HTTP_HTTPS_ENABLED: 'false' };
  return {
    INFLUXDB_HTTP_HTTPS_ENABLED: 'true',
    INFLUXDB_HTTP_HTTPS_CERTIFICATE: `${dir}/tls.crt`,
    INFLUXDB_HTTP_HTTPS_PRIVATE_KEY: `${dir}/tls.key`,
    INFLUXDB_TLS_MIN_VERSION: 'tls1.2',
    // 1.12.3 and newer refuse a key that the group may read, which is what fsGroup makes of a Secret.
    INFLUXDB_HTTP_HTTPS_INSECURE_CERTIFICATE: 'true',
  };
}
