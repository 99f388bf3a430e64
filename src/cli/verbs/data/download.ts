import { createWriteStream } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { decrypt } from '../../../agent/age.ts';
import { DigestTap } from '../../../agent/archive/digest.ts';
import { archiveKey, readManifest } from '../../../agent/job/stored-backup.ts';
import type { Store } from '../../../agent/store/store.ts';
import type { InfluxBackup } from '../../../api/influx-backup.ts';
import type { InfluxBackupStoreSpec } from '../../../api/influx-backup-store.ts';
import { InfluxBackupStore } from '../../../api/kinds.ts';
import { CREDENTIAL_KEYS } from '../../../backup/job-files.ts';
import { Secret } from '../../../kube/objects/kinds.ts';
import type { Live } from '../../../kube/objects/types.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import type { Cluster, Context } from '../../command/verb.ts';
import { findBackup } from './backups.ts';
import { notInStore, onVolume } from './downloadable.ts';

/**
 * Fetches a backup from its store to this machine, with the user's own right to the store's Secret, decrypts it when an
 * identity is given, and compares it with its manifest. What is wrong or half leaves no file.
 */
export async function run(context: Context): Promise<void> {
  const { given, terminal } = context;
  const cluster = await context.cluster();
  const backup = await findBackup(cluster, given.argument(0));
  const at = backup.status?.store;
  const why = notInStore(backup);
  if (at === undefined || why !== undefined)
    throw new CliError(EXIT.notReached, `the backup ${backup.metadata.name} cannot be downloaded: ${why}`);
  const object = await cluster.client.get(InfluxBackupStore, {
    namespace: cluster.namespace,
    name: at.name,
  });
  if (object === undefined) throw new CliError(EXIT.notFound, `there is no backup store ${at.name} any more`);
  const { s3 } = object.spec;
  if (s3 === undefined) throw new CliError(EXIT.refused, onVolume(at.name));
  const identityFile = given.text('identity');
  const identity = identityFile === undefined ? undefined : await readFile(identityFile, 'utf8');
  const store = await open(cluster, s3, given.text('endpoint'));
  try {
    const path = await received(context, store, s3.prefix ?? '', backup, identity);
    terminal.say(path);
  } finally {
    store.close();
  }
}

async function received(
  context: Context,
  store: Store,
  prefix: string,
  backup: Live<InfluxBackup>,
  identity: string | undefined,
): Promise<string> {
  const { given, terminal, signal } = context;
  const location = backup.status?.location;
  if (location === undefined) throw new CliError(EXIT.notReached, 'the backup does not say where it is');
  const stored = await readManifest(store, prefix, location, signal);
  if (stored === undefined) throw new CliError(EXIT.notFound, 'the store has no manifest of the backup');
  const { archive } = stored.manifest;
  const encrypted = archive.file === 'backup.tar.gz.age';
  if (!encrypted && identity !== undefined)
    terminal.note('the backup is not encrypted: the identity is not needed');
  const plain = !encrypted || identity !== undefined;
  const path = given.text('file') ?? `${backup.metadata.name}.tar.gz${plain ? '' : '.age'}`;
  const object = await store.get(archiveKey(stored.keys, stored.manifest), signal);
  if (object === undefined) throw new CliError(EXIT.notFound, 'the store has no archive of the backup');
  const partial = `${path}.part`;
  const [asStored, written] = [new DigestTap(), new DigestTap()];
  try {
    const source = asStored.through(object.body as AsyncIterable<Uint8Array>);
    const opened = encrypted && identity !== undefined ? decrypt(source, identity) : source;
    // Nobody else is to read a database.
    await pipeline(
      Readable.from(written.through(opened)),
      createWriteStream(partial, { mode: 0o600, flags: 'wx' }),
      {
        signal,
      },
    );
    const wanted = plain ? (encrypted ? archive.plain : archive) : archive;
    if (asStored.digest.sha256 !== archive.sha256 || written.digest.sha256 !== wanted.sha256)
      throw new CliError(EXIT.refused, 'what came is not what was backed up: its checksum differs');
    await rename(partial, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
      await rm(partial, { force: true });
    throw error;
  }
  terminal.note(
    `${written.digest.bytes} bytes, checksum as in the manifest${plain ? '' : '; still encrypted'}`,
  );
  return path;
}

/** With the credentials of the store's Secret. */
async function open(
  { client, namespace }: Cluster,
  s3: NonNullable<InfluxBackupStoreSpec['s3']>,
  endpoint: string | undefined,
): Promise<Store> {
  const entry = async (name: string, ...keys: string[]): Promise<string | undefined> => {
    const secret = await client.get(Secret, { namespace, name });
    const encoded = keys.map((key) => secret?.data?.[key]).find((each) => each !== undefined);
    return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8').trim();
  };
  const { name } = s3.credentialsRef;
  const accessKeyId = await entry(name, ...CREDENTIAL_KEYS.accessKeyId);
  const secretAccessKey = await entry(name, ...CREDENTIAL_KEYS.secretAccessKey);
  const sessionToken = await entry(name, ...CREDENTIAL_KEYS.sessionToken);
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new CliError(EXIT.notFound, `the Secret ${name} has no credentials of the store`);
  const { openS3 } = await import('../../../agent/store/s3-store.ts');
  return openS3(
    {
      type: 's3',
      endpoint: endpoint ?? s3.endpoint,
      bucket: s3.bucket,
      prefix: s3.prefix ?? '',
      region: s3.region ?? 'us-east-1',
      allowClusterInternal: true,
    },
    {
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
      authority: s3.caRef === undefined ? undefined : await entry(s3.caRef.name, 'ca.crt'),
      // The connection is the user's, from the user's machine: the guard is for Jobs inside a cluster.
      rule: { allowClusterInternal: true, allowLoopback: true, forbidden: [] },
    },
  );
}
