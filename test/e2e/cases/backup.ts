import { expect, test } from 'vitest';
import { type S3Server, S3_CREDENTIALS } from '../../cluster/s3-server.ts';
import { CliProgram } from '../cli-program.ts';
import type { OperatorNode } from '../operator-node.ts';
import type { Space } from '../space.ts';

const GROUP = '/apis/influxaddon.dev/v1alpha1';

/** The way of most users: the bundled kubectl-influx, and a real S3 server beyond the cluster. */
export function backupCases(world: () => { readonly on: OperatorNode; readonly s3: S3Server }): void {
  test('the command line makes a database, looks into it, backs it up to S3, and restores it into itself and into a new one', async () => {
    const { on, s3 } = world();
    const space = await on.space('backup');
    await makeStore(space, s3);
    await using cli = await CliProgram.install(space, on.node.kubeconfig);
    const added = await cli.done('add', 'metrics', 'tiny', '--backup-store', 'nightly');
    const id = /ID +(metrics_\d+)/.exec(added)?.[1] ?? '';
    const database = await space.database('metrics');
    await database.fill('kept', 500);
    const counted = 'SELECT COUNT(n) FROM kept';
    expect(await cli.done('console', 'metrics', '-e', counted, '--format', 'csv')).toMatch(
      /\bkept\b.*\b500\b/,
    );

    await cli.done('backups', 'create', 'metrics', '--name', 'mine');
    const path = `${GROUP}/namespaces/${space.namespace}/influxbackups/mine`;
    expect(await space.api.get(path)).toMatchObject({ status: { verified: 'Counts', points: 500 } });
    await database.fill('later', 100);

    await cli.done('backups', 'restore', 'mine', '--into', 'metrics', '--confirm', id);
    await cli.done('backups', 'restore', 'mine', '--new', 'copy');
    for (const name of ['metrics', 'copy']) {
      await space.status(name, 'Ready');
      const restored = await space.database(name);
      expect([await restored.count('kept'), await restored.count('later')], name).toEqual([500, 0]);
      await restored.fill('after', 10);
      expect(await restored.count('after')).toBe(10);
    }
  });
}

async function makeStore(space: Space, { endpoint, bucket }: S3Server): Promise<void> {
  const { accessKeyId, secretAccessKey } = S3_CREDENTIALS;
  await space.api.send('POST', space.path('secrets'), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's3' },
    stringData: { 'access-key-id': accessKeyId, 'secret-access-key': secretAccessKey },
  });
  await space.api.send('POST', `${GROUP}/namespaces/${space.namespace}/influxbackupstores`, {
    apiVersion: 'influxaddon.dev/v1alpha1',
    kind: 'InfluxBackupStore',
    metadata: { name: 'nightly' },
    spec: { s3: { endpoint, bucket, credentialsRef: { name: 's3' }, allowClusterInternal: true } },
  });
}
