import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { InfluxBackupStatus } from '../../../api/influx-backup.ts';
import { Given } from '../../command/given-options.ts';
import { parse } from '../../command/parse.ts';
import { VERBS } from '../../verbs.ts';
import { clusterWords, downloadOf } from './downloadable.ts';

const instant = '2030-01-01T00:00:00Z';
const completed: InfluxBackupStatus = {
  observedGeneration: 1,
  store: { name: 'nightly', location: 's3://backups at https://s3.example.com' },
  location: { cluster: 'c', namespace: 'shop', addonId: 'metrics_3707', uid: 'u' },
  completedAt: instant,
};

function backup(status: InfluxBackupStatus | undefined, deletionTimestamp?: string) {
  return {
    apiVersion: 'v1',
    kind: 'InfluxBackup',
    metadata: {
      namespace: 'shop',
      name: 'before.the-sale',
      uid: 'u',
      resourceVersion: '1',
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    spec: { addonRef: { name: 'metrics' } },
    ...(status === undefined ? {} : { status }),
  };
}

/** The words that a real shell makes of a command. */
function wordsOf(command: string): string[] {
  return execFileSync('sh', ['-c', `printf '%s\\n' ${command}`], { encoding: 'utf8' })
    .trimEnd()
    .split('\n');
}

test('the command is one that this tool takes, with the backup and its namespace', () => {
  expect(downloadOf(backup(completed))).toEqual({
    possible: true,
    command: 'kubectl influx backups download before.the-sale --namespace shop',
    encrypted: false,
  });
});

test.each(["it's a cluster", '$(touch x)', '-x', 'arn:aws:eks:eu-west-1:1:cluster/a', 'a"b\\c;d&e'])(
  'a shell hands on the context %s as it is',
  (context) => {
    const cluster = clusterWords(new Given({ context, kubeconfig: '/home/me/the file' }, []));
    const download = downloadOf(backup(completed), cluster);
    const [kubectl, influx, ...rest] = wordsOf(download.possible ? download.command : '');
    expect([kubectl, influx]).toEqual(['kubectl', 'influx']);
    const parsed = parse(rest, VERBS);
    if (parsed.kind !== 'run') throw new Error('it asks for help');
    const { verb, given } = parsed;
    expect(verb.name).toBe('backups download');
    expect(given.argument(0)).toBe('before.the-sale');
    expect([given.text('namespace'), given.text('context')]).toEqual(['shop', context]);
    expect(given.text('kubeconfig')).toBe('/home/me/the file');
  },
);

test.each<[what: string, status: Partial<InfluxBackupStatus>]>([
  ['for somebody', { recipients: ['age1x'] }],
  ['for nobody knows whom', { encrypted: true }],
])('that one is encrypted %s is said', (_, more) => {
  expect(downloadOf(backup({ ...completed, ...more }))).toMatchObject({ encrypted: true });
});

const { completedAt: _, ...running } = completed;
test.each<[what: string, of: ReturnType<typeof backup>, why: RegExp]>([
  ['one that nothing was done about', backup(undefined), /not in a store \(yet\)/],
  ['one that runs', backup({ ...running, startedAt: instant }), /not in a store \(yet\)/],
  ['one that failed', backup({ ...running, failedAt: instant }), /failed/],
  ['one that expired', backup({ ...completed, expiredAt: instant }), /being deleted/],
  ['one that is being deleted', backup(completed, instant), /being deleted/],
  [
    'one on a volume',
    backup({ ...completed, store: { name: 'local', location: 'pvc://backups' } }),
    /the store local is a volume/,
  ],
  [
    'a file of somebody else',
    backup({
      observedGeneration: 1,
      store: { name: 'nightly' },
      source: 'old/dump.tar.gz',
      completedAt: instant,
    }),
    /the object old\/dump\.tar\.gz/,
  ],
  [
    'a database elsewhere',
    backup({ observedGeneration: 1, sourceSecret: 'old-url', completedAt: instant }),
    /runs elsewhere/,
  ],
])('%s cannot be downloaded, and why', (_, of, why) => {
  const download = downloadOf(of);
  expect(download.possible ? download.command : download.why).toMatch(why);
  expect(download.possible).toBe(false);
});
