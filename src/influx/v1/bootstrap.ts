import { baseParameters } from './parameters.ts';
import { createAdmin, grantAdmin, setPassword } from './influxql.ts';
import { bootstrapScript, type BootstrapOptions } from './bootstrap-script.ts';

/*
 * The first init container of a database's pod. A server with authentication on and no administrator obeys
 * whoever comes first; so before the port opens, this runs the engine on loopback with authentication off,
 * makes or heals the administrator, and stops the engine. At every start of the pod: it also brings back an
 * administrator that was lost.
 */

/** `sh -c` of it is the init container's command. */
export const BOOTSTRAP_SCRIPT: string = bootstrapScript();

/** Its environment. The server sees the real meta folder, but no data: opening all shards takes long, twice. */
export function bootstrapEnvironment(options: BootstrapOptions = {}): Record<string, string> {
  const scratch = options.scratchDir ?? '/tmp/bootstrap';
  const host = options.host ?? '127.0.0.1';
  return {
    ...baseParameters({
      ...(options.stateDir === undefined ? {} : { stateDir: options.stateDir }),
      http: `${host}:${options.httpPort ?? 8086}`,
      rpc: `${host}:${options.rpcPort ?? 8088}`,
    }),
    HOME: '/tmp',
    INFLUXDB_DATA_DIR: `${scratch}/data`,
    INFLUXDB_DATA_WAL_DIR: `${scratch}/wal`,
    INFLUXDB_HTTP_AUTH_ENABLED: 'false',
    INFLUXDB_HTTP_HTTPS_ENABLED: 'false',
    INFLUXDB_HTTP_PPROF_ENABLED: 'false',
    // All of these would act on the real meta data, without the data and without authentication.
    INFLUXDB_RETENTION_ENABLED: 'false',
    INFLUXDB_CONTINUOUS_QUERIES_ENABLED: 'false',
    INFLUXDB_SHARD_PRECREATION_ENABLED: 'false',
  };
}

/** The two files of the mounted Secret. The first may fail (the user is there), the second must not. */
export interface AdminStatements {
  'create-admin.iql': string;
  'heal-admin.iql': string;
}

/** Contains the password. */
export function adminStatements({
  username,
  password,
}: {
  username: string;
  password: string;
}): AdminStatements {
  return {
    'create-admin.iql': `${createAdmin(username, password)}\n`,
    'heal-admin.iql': `${setPassword(username, password)}; ${grantAdmin(username)}\n`,
  };
}
