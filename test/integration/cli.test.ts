import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleCli } from '../../build/bundle-cli.ts';
import { InfluxBackup, InfluxRestore } from '../../src/api/kinds.ts';
import { EXIT } from '../../src/cli/cli-error.ts';
import { runCli } from '../../src/cli/command/run.ts';
import { Deployment, Pod } from '../../src/kube/objects/kinds.ts';
import { appOf } from './app.ts';
import { makeStore } from './backing-up.ts';
import { secretData } from './database.ts';
import { FakeStore } from './fake-store.ts';
import { condition, type OperatorBed } from './operator-bed.ts';
import { withOperatorBed } from './with-bed.ts';

/** Each verb of kubectl-influx against a real API server and a running operator: what it edits, and what it refuses. */
const NAMESPACE = 'cli';
let bed: OperatorBed;
let folder: string;
withOperatorBed(
  (started) => {
    bed = started;
  },
  // The tests tell one story, of one operator.
  { users: ['stranger'], keep: 'File' },
);

beforeAll(async () => {
  bed.kubelet.jobs = new FakeStore().run;
  await bed.startOperator({ only: NAMESPACE });
  folder = await mkdtemp(join(tmpdir(), 'cli-'));
  await bed.namespace(NAMESPACE);
  await bed.client.create(Deployment, appOf(NAMESPACE));
  await makeStore(bed, NAMESPACE);
  expect(await influx('add', 'metrics', '512m')).toMatchObject({ code: EXIT.done });
});

afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly notes: string;
}

/** Runs a command line in this process, as the cluster's administrator unless another kubeconfig is given. */
async function influx(...argv: string[]): Promise<Outcome> {
  return await outcomeOf(...argv, '-n', NAMESPACE);
}

async function outcomeOf(...argv: string[]): Promise<Outcome> {
  const [out, notes]: [string[], string[]] = [[], []];
  const code = await runCli(
    argv,
    {
      say: (line) => out.push(`${line}\n`),
      note: (line) => notes.push(`${line}\n`),
      write: (bytes) => out.push(Buffer.from(bytes).toString('utf8')),
      ask: undefined,
      environment: { KUBECONFIG: bed.plane.kubeconfig },
      stdin: Readable.from([]),
    },
    new AbortController().signal,
  );
  return { code, out: out.join(''), notes: notes.join('') };
}

/** Runs it, expects it to be done, and returns what it printed. */
async function done(...argv: string[]): Promise<string> {
  const { code, out, notes } = await influx(...argv);
  expect(code, `${argv.join(' ')}: ${out}${notes}`).toBe(EXIT.done);
  return out;
}

async function refused(code: number, words: RegExp, ...argv: string[]): Promise<void> {
  const outcome = await influx(...argv);
  expect(outcome).toMatchObject({ code, notes: expect.stringMatching(words) });
}

const addon = (name = 'metrics') => bed.get(NAMESPACE, name);
const id = async (name = 'metrics') => (await addon(name)).status?.id ?? '';

describe('what is there', () => {
  test('add waits, and prints the id and the variables; a name that is taken is refused', async () => {
    const out = await done(
      'add',
      'other',
      '512m',
      '--version',
      '1.8',
      '--app',
      'ds/collector',
      '--inject',
      '--no-wait',
    );
    expect(out).toContain('SCALINGO_INFLUX_URL INFLUX_URL');
    const { spec } = await addon('other');
    expect(spec).toEqual({
      plan: '512m',
      version: '1.8',
      apps: [{ kind: 'DaemonSet', name: 'collector', env: 'Inject' }],
    });
    await refused(EXIT.refused, /already exists/, 'add', 'metrics', '512m');
    await bed.until(NAMESPACE, 'other', 'named', ({ status }) => status?.id !== undefined);
    await done('remove', 'other', '--confirm', await id('other'));
  });

  test('plans and versions list the catalogue, smallest and newest first', async () => {
    const plans = (await done('plans')).split('\n');
    expect(plans[0]).toMatch(/^PLAN +CLASS +MEMORY/);
    expect(plans[1]).toMatch(/^512m +Starter +512Mi/);
    expect(await done('versions')).toMatch(/^VERSION.*\n1\.8\.10 +yes +Available/);
    await refused(EXIT.usage, /--output must be one of json, yaml, wide/, 'plans', '-o', 'xml');
  });

  test('list begins with ADDON, ID and PLAN; json and yaml are the objects', async () => {
    const [header, ...rows] = (await done('list')).trim().split('\n');
    expect(header).toMatch(/^ADDON +ID +PLAN/);
    expect(rows.join('\n')).toMatch(new RegExp(`metrics +${await id()} +512m +1\\.8\\.10 +Ready`));
    expect(await done('list', '-A', '-o', 'wide')).toMatch(/^NAMESPACE +ADDON.*STORAGE/);
    const { items } = JSON.parse(await done('list', '-o', 'json')) as { items: { kind: string }[] };
    expect(items[0]).toMatchObject({ kind: 'InfluxAddon' });
    expect(await done('info', 'metrics', '-o', 'yaml')).toContain('kind: InfluxAddon');
  });

  test('info and status take a name or an id', async () => {
    expect(await done('info', await id())).toMatch(/Plan +512m/);
    const status = await done('status', 'metrics');
    expect(status).toContain(`metrics (${await id()}): Ready`);
    expect(status).toMatch(/the maintenance window .* (opens|is open)/);
    await refused(EXIT.notFound, /there is no addon nobody/, 'status', 'nobody');
    await refused(EXIT.notFound, /there is no addon no_body_1/, 'info', 'no_body_1');
  });

  test('env hides the password, url prints it', async () => {
    const { INFLUX_URL = '' } = await secretData(bed, NAMESPACE, 'metrics-influx');
    const hidden = await done('env', 'metrics');
    expect(hidden).toMatch(
      /^SCALINGO_INFLUX_URL=http:\/\/metrics_\d+:\*{8}@.*\nINFLUX_URL=\$SCALINGO_INFLUX_URL\n$/,
    );
    expect(hidden).not.toContain(new URL(INFLUX_URL).password);
    expect(await done('env', 'metrics', '--show')).toContain(`=${INFLUX_URL}\n`);
    expect(await done('url', 'metrics')).toBe(`${INFLUX_URL}\n`);
  });

  test('who may do nothing is told so, by another exit code', async () => {
    const kubeconfig = await bed.plane.userKubeconfig('stranger');
    await refused(EXIT.forbidden, /cannot list resource/, 'list', '--kubeconfig', kubeconfig);
    await refused(
      EXIT.unreachable,
      /kubeconfig cannot be used/,
      'list',
      '--kubeconfig',
      join(folder, 'none'),
    );
  });
});

describe('what changes the database', () => {
  test('plan says first what is restarted, and is in force when it returns', async () => {
    const preview = await influx('plan', 'metrics', '1g', '--dry-run');
    expect(preview.notes).toMatch(/512Mi -> 1Gi[^]*stopped and started once/);
    expect((await addon()).spec.plan).toBe('512m');
    await done('plan', 'metrics', '1g');
    expect((await addon()).status?.plan).toBe('1g');
    await refused(EXIT.refused, /there is no plan 3g; allowed: .*1g/, 'plan', 'metrics', '3g');
  });

  test('upgrade lists what is possible and explains what is not', async () => {
    const list = await done('upgrade', 'metrics');
    expect(list).toContain('runs 1.8.10');
    expect(list).toMatch(/1\.7\.11 +not possible: .*downgrade is not possible/);
    await refused(EXIT.refused, /downgrade is not possible/, 'upgrade', 'metrics', '1.7.11');
    await done('upgrade', 'metrics', '1.8.10');
    expect((await addon()).spec.version).toBe('1.8.10');
  });

  test('restart makes another pod; stop and start scale to zero and back', async () => {
    const pod = async () =>
      (await bed.client.get(Pod, { namespace: NAMESPACE, name: 'metrics-influx-0' }))?.metadata.uid;
    const before = await pod();
    await done('restart', 'metrics');
    expect(await pod()).not.toBe(before);
    expect((await addon()).spec.placement?.podAnnotations).toBeUndefined();
    await done('stop', 'metrics');
    expect(await addon()).toMatchObject({ spec: { state: 'Stopped' }, status: { state: 'Stopped' } });
    expect(await done('stop', 'metrics')).toContain('nothing to change');
    await done('start', 'metrics');
    expect(condition(await addon(), 'Available')?.status).toBe('True');
  });

  test('config changes what is given in one edit, and nothing else', async () => {
    await done('config', 'metrics', '--window-day', 'Tuesday', '--window-hour', '3', '--access', 'Bound');
    expect((await addon()).spec).toMatchObject({
      maintenanceWindow: { weekday: 'Tuesday', startHour: 3 },
      access: { policy: 'Bound' },
    });
    await done('config', 'metrics', '--window-hours', '4');
    expect((await addon()).spec.maintenanceWindow).toEqual({
      weekday: 'Tuesday',
      startHour: 3,
      durationHours: 4,
    });
    await done('config', 'metrics', '--backup-store', 'nightly', '--backup-schedule', 'Disabled');
    expect((await addon()).spec.backups).toEqual({
      storeRef: { name: 'nightly' },
      schedule: { mode: 'Disabled' },
    });
    expect(await done('config', 'metrics')).toMatch(/Maintenance window +Tuesday 03:00-07:00 UTC/);
    await refused(
      EXIT.usage,
      /--window-hour must be a number from 0 to 23/,
      'config',
      'metrics',
      '--window-hour',
      '24',
    );
    await refused(
      EXIT.refused,
      /needs spec.tls.mode: Required/,
      'config',
      'metrics',
      '--internet',
      'NodePort',
      '--allow',
      '10.0.0.0/8',
    );
    await refused(
      EXIT.refused,
      /write ranges in CIDR notation/,
      'config',
      'metrics',
      '--allow',
      '10.0.0.1/8',
    );
  });

  test('bind injects and waits for the app; unbind takes it out', async () => {
    await done('bind', 'metrics', 'web', '--inject');
    expect((await addon()).spec.apps).toEqual([{ name: 'web', env: 'Inject' }]);
    const env = async () => {
      const web = await bed.client.get(Deployment, { namespace: NAMESPACE, name: 'web' });
      return (web?.spec?.template.spec?.containers[0]?.env ?? []).map(({ name }) => name);
    };
    expect(await env()).toContain('INFLUX_URL');
    expect(await done('bind', 'metrics', 'deployment/web', '--inject')).toContain('nothing to change');
    await done('unbind', 'metrics', 'web');
    expect(await env()).toEqual([]);
    await refused(EXIT.notFound, /web is not bound; bound are: none/, 'unbind', 'metrics', 'web');
    await refused(EXIT.usage, /write NAME or one of deployment/, 'bind', 'metrics', 'job/web');
  });

  test('pause and resume set and take away the annotation; a change meanwhile is stored and not waited for', async () => {
    await done('pause', 'metrics');
    expect((await addon()).metadata.annotations).toHaveProperty(['influxaddon.dev/paused'], 'true');
    await bed.until(NAMESPACE, 'metrics', 'paused', (each) => condition(each, 'Ready')?.reason === 'Paused');
    await refused(EXIT.notReached, /Paused/, 'plan', 'metrics', '2g');
    await done('resume', 'metrics');
    await bed.until(NAMESPACE, 'metrics', 'at the new plan', (each) => each.status?.plan === '2g');
    await bed.ready(NAMESPACE, 'metrics');
  });

  test('maintain and rotate hand over a token, and wait until it is remembered', async () => {
    await done('maintain', 'metrics');
    await done('rotate', 'metrics');
    const { metadata, status } = await addon();
    expect(status?.lastHandled).toEqual({
      maintainNow: metadata.annotations?.['influxaddon.dev/maintain-now'],
      restart: metadata.annotations?.['influxaddon.dev/restart'],
      rotate: metadata.annotations?.['influxaddon.dev/rotate'],
    });
    await refused(EXIT.notFound, /there is no addon nobody/, 'rotate', 'nobody');
  });
});

describe('what is in the database', () => {
  test('users are added, changed and dropped, each without the others', async () => {
    await done('users', 'add', 'metrics', 'reader');
    await done('users', 'add', 'metrics', 'writer', '--access', 'Write');
    await done('users', 'add', 'metrics', 'reader', '--access', 'All');
    expect((await addon()).spec.users).toEqual([
      { name: 'writer', access: 'Write' },
      { name: 'reader', access: 'All' },
    ]);
    expect(await done('users', 'list', 'metrics')).toMatch(/reader +All +yes +metrics-influx-user-reader/);
    await done('users', 'remove', 'metrics', 'reader');
    expect((await addon()).spec.users).toEqual([{ name: 'writer', access: 'Write' }]);
    await refused(
      EXIT.notFound,
      /has no user reader; it has: writer/,
      'users',
      'remove',
      'metrics',
      'reader',
    );
    await refused(EXIT.refused, /spec.users: name must be lower case/, 'users', 'add', 'metrics', 'admin');
  });

  test('retention policies are set and dropped; the default goes with its policy', async () => {
    await done('retention', 'set', 'metrics', 'one_week', '7d', '--default');
    expect((await addon()).spec).toMatchObject({
      retentionPolicies: [{ name: 'one_week', duration: '7d' }],
      defaultRetentionPolicy: 'one_week',
    });
    expect(await done('retention', 'list', 'metrics')).toMatch(/one_week +7d +<none> +yes +yes/);
    await done('retention', 'remove', 'metrics', 'one_week', '--allow-data-loss');
    const { spec, metadata } = await addon();
    expect(spec).not.toHaveProperty('defaultRetentionPolicy');
    expect(metadata.annotations).toHaveProperty(['influxaddon.dev/allow-data-loss'], 'one_week=removed');
    await refused(
      EXIT.notFound,
      /has no retention policy one_week/,
      'retention',
      'remove',
      'metrics',
      'one_week',
    );
    await refused(EXIT.refused, /duration/, 'retention', 'set', 'metrics', 'odd', 'for ever');
  });
});

describe('backups', () => {
  test('are taken, listed, restored into an addon whose id was said, and made into a new addon', async () => {
    await done('backups', 'create', 'metrics', '--name', 'mine');
    const backup = await bed.client.get(InfluxBackup, { namespace: NAMESPACE, name: 'mine' });
    expect(backup?.spec).toEqual({ addonRef: { name: 'metrics' } });
    expect(await done('backups', 'list', 'metrics')).toMatch(/mine +metrics +Manual +Completed/);
    await refused(
      EXIT.refused,
      /that is not metrics_\d+: nothing was restored/,
      'backups',
      'restore',
      'mine',
      '--into',
      'metrics',
      '--confirm',
      'metrics',
    );
    await refused(EXIT.usage, /either --into ADDON or --new NAME/, 'backups', 'restore', 'mine');
    await done('backups', 'restore', 'mine', '--into', await id(), '--confirm', await id(), '--no-wait');
    const { items } = await bed.client.list(InfluxRestore, { namespace: NAMESPACE });
    expect(items.map(({ spec }) => spec)).toEqual([
      { backupRef: { name: 'mine' }, addonRef: { name: 'metrics' }, overwrite: await id() },
    ]);
    await done('backups', 'restore', 'mine', '--new', 'copy', '--no-wait');
    expect((await addon('copy')).spec).toEqual({ plan: '2g', restoreFrom: { backupRef: { name: 'mine' } } });
    await refused(EXIT.notFound, /there is no backup yours/, 'backups', 'download', 'yours');
    await refused(EXIT.refused, /copy has no backup store/, 'backups', 'create', 'copy');
  });
});

describe('the rest', () => {
  test('a report holds objects and the story, and no password', async () => {
    const file = join(folder, 'report.tar.gz');
    expect(await done('report', 'metrics', '-f', file)).toBe(`${file}\n`);
    const { stdout } = await promisify(execFile)('tar', ['-xzOf', file], { maxBuffer: 1 << 26 });
    expect(stdout).toContain('"kind": "StatefulSet"');
    expect(stdout).toContain(`metrics (${await id()})`);
    const secrets = [
      ...Object.values(await secretData(bed, NAMESPACE, 'metrics-influx')).map(
        (url) => new URL(url).password,
      ),
      (await secretData(bed, NAMESPACE, 'metrics-influx-admin'))['admin-password'] ?? '',
    ];
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(20);
      expect(stdout).not.toContain(secret);
    }
  });

  test('completion offers verbs, options, values and the names that are there', async () => {
    expect(await done('completion', 'bash')).toContain('complete -o default -F _kubectl_influx');
    await refused(EXIT.usage, /known are bash, zsh, fish/, 'completion', 'tcsh');
    const offered = async (...words: string[]) =>
      (await outcomeOf('__complete', ...words)).out.trim().split('\n');
    expect(await offered('info', '-n', NAMESPACE, 'met')).toEqual(['metrics']);
    expect(await offered('plan', 'metrics', '16')).toEqual(['16g', '16g-business']);
    expect(await offered('info', '--kubeconfig', join(folder, 'none'), '')).toEqual(['']);
  });

  test('remove asks for the id, and returns when the addon is gone', async () => {
    await done('add', 'brief', '512m');
    await refused(EXIT.usage, /say --confirm brief_\d+/, 'remove', 'brief');
    await refused(EXIT.refused, /nothing was deleted/, 'remove', 'brief', '--confirm', 'brief');
    await done('remove', 'brief', '--confirm', await id('brief'));
    await refused(EXIT.notFound, /there is no addon brief/, 'info', 'brief');
  });

  test('the bundle is one file that runs by itself, with the kubeconfig of its environment', async () => {
    const path = await bundleCli(join(folder, 'bin'));
    const environment = { PATH: process.env['PATH'] ?? '', KUBECONFIG: bed.plane.kubeconfig, HOME: folder };
    const run = (...args: string[]) =>
      promisify(execFile)(process.execPath, [path, ...args], { cwd: '/', env: environment });
    expect((await run('--help')).stdout).toContain('usage: kubectl influx COMMAND');
    expect((await run('list', '-n', NAMESPACE)).stdout).toContain('metrics');
    expect((await run('info', 'metrics', '-n', NAMESPACE, '-o', 'yaml')).stdout).toContain(
      'kind: InfluxAddon',
    );
    await expect(run('frobnicate')).rejects.toMatchObject({ code: EXIT.usage });
    // A kubeconfig may name files beside it, and a program that gives the token.
    const kubeconfig = await readFile(bed.plane.kubeconfig, 'utf8');
    const plugin = join(folder, 'kubeconfig');
    await writeFile(plugin, kubeconfig);
    expect((await run('list', '-A', '--kubeconfig', plugin)).stdout).toContain('metrics');
  });
});
