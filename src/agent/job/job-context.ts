import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CREDENTIAL_KEYS, type JobFiles } from '../../backup/job-files.ts';
import type { DatabaseSpec, StoreSpec } from '../../backup/protocol.ts';
import { InfluxClient } from '../../influx/v1/client.ts';
import type { InfluxTransport } from '../../influx/transport.ts';
import { JobError } from './job-error.ts';
import type { EndpointRule } from '../store/endpoint-guard.ts';
import type { Store } from '../store/store.ts';
import { openVolume } from '../store/volume-store.ts';

/** What an operation runs with. Tests bring a store, ports and folders of their own. */
export interface JobContext {
  readonly files: JobFiles;
  readonly store: Store;
  readonly influx: InfluxTransport;
  /** Where an endpoint that a user names must not lead. */
  readonly endpointRule: Omit<EndpointRule, 'allowClusterInternal'>;
  /** Of the server that a restore starts, and of the forwarded backup port. */
  readonly ports: { readonly http: number; readonly rpc: number };
  readonly now: () => Date;
  readonly log: (message: string, details?: Record<string, string | number>) => void;
  /** Aborted at the deadline and when the pod is told to end; its reason is a JobError. */
  readonly signal: AbortSignal;
}

const none = (): never => {
  throw new JobError('InvalidJob', 'The Job has no store.');
};

/** Of the operation that has nothing to do with one. */
export const NO_STORE: Store = {
  put: none,
  get: none,
  list: none,
  delete: none,
  sweep: none,
  close: () => {},
};

/** The store of a Job, with the credentials that are mounted. @throws JobError */
export async function openStore(
  spec: StoreSpec,
  files: JobFiles,
  forbidden: readonly string[],
): Promise<Store> {
  if (spec.type === 'pvc') return openVolume(files.storeVolume);
  const read = async ([name, other]: readonly [string, string]): Promise<string | undefined> =>
    (await optional(join(files.storeCredentials, name))) ??
    (await optional(join(files.storeCredentials, other)));
  const accessKeyId = await read(CREDENTIAL_KEYS.accessKeyId);
  const secretAccessKey = await read(CREDENTIAL_KEYS.secretAccessKey);
  const sessionToken = await read(CREDENTIAL_KEYS.sessionToken);
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    const [missing] =
      accessKeyId === undefined ? CREDENTIAL_KEYS.accessKeyId : CREDENTIAL_KEYS.secretAccessKey;
    throw new JobError('StoreDenied', `The Secret of spec.s3.credentialsRef has no entry ${missing}.`);
  }
  const { openS3 } = await import('../store/s3-store.ts');
  return openS3(spec, {
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    authority: await optional(join(files.storeAuthority, 'ca.crt')),
    rule: { allowClusterInternal: spec.allowClusterInternal, forbidden },
  });
}

/** The running database, as its administrator. @throws JobError */
export async function databaseClient(
  context: JobContext,
  { host, port, tls }: DatabaseSpec,
  timeoutMs: number,
): Promise<InfluxClient> {
  const { files, influx } = context;
  const username = await optional(join(files.admin, 'username'));
  const password = await optional(join(files.admin, 'password'));
  if (username === undefined || password === undefined)
    throw new JobError('InvalidJob', 'The credentials of the administrator are not mounted.');
  const ca = tls ? await optional(join(files.databaseAuthority, 'ca.crt')) : undefined;
  if (tls && ca === undefined)
    throw new JobError(
      'DatabaseUnreachable',
      'The authority of the certificate of the database is not there yet.',
    );
  const endpoint = { host, port, ...(ca === undefined ? {} : { tls: { ca, servername: host } }) };
  return new InfluxClient(influx, endpoint, { username, password }, { timeoutMs });
}

/** age identities, or undefined when none are mounted. */
export function readIdentities(files: JobFiles): Promise<string | undefined> {
  return optional(join(files.identity, 'identity'));
}

async function optional(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return undefined;
  }
}
