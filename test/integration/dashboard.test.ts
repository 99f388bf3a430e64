import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { bundleCli } from '../../build/bundle-cli.ts';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon, InfluxBackup, InfluxRestore } from '../../src/api/kinds.ts';
import { clusterOf } from '../../src/cli/cluster.ts';
import { TOOL, visitorOf } from '../../src/cli/page/tool.ts';
import { sharedDashboard } from '../../src/dashboard/shared.ts';
import type { BackupLine, Detail, EventLine, Row } from '../../src/dashboard/wire.ts';
import { readKubeconfig } from '../../src/kube/api/kubeconfig.ts';
import { credentialsOf } from '../../src/operator/dashboard.ts';
import { ownerMark } from '../cluster/orphans.ts';
import { DashboardClient } from '../dashboard-client.ts';
import { makeStore } from './backing-up.ts';
import { secretData } from './database.ts';
import { type RunningDashboard, startDashboard } from './dashboard-server.ts';
import { FakeStore } from './fake-store.ts';
import { condition, OPERATOR_USER, type OperatorBed } from './operator-bed.ts';
import { withOperatorBed } from './with-bed.ts';

/** The server of the page against a real API server and a running operator: what it shows, edits and refuses. */
const NAMESPACE = 'board';
const STREAM = `/api/addons/${NAMESPACE}/metrics/stream`;
let bed: OperatorBed;
let board: RunningDashboard;
let strangers: RunningDashboard;
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
  await bed.namespace(NAMESPACE);
  await makeStore(bed, NAMESPACE);
  await bed.addon(NAMESPACE, 'metrics', { version: '1.8' });
  board = await startDashboard(bed.plane.kubeconfig, NAMESPACE);
  strangers = await startDashboard(await bed.plane.userKubeconfig('stranger'), NAMESPACE);
  await bed.ready(NAMESPACE, 'metrics');
});

afterAll(async () => {
  await board?.[Symbol.asyncDispose]();
  await strangers?.[Symbol.asyncDispose]();
});

const addon = () => bed.get(NAMESPACE, 'metrics');
const id = async () => (await addon()).status?.id ?? '';

/** Runs a verb, expects that it is taken, and gives the spec after it. */
async function edited(verb: string, words?: string[], options?: object): Promise<InfluxAddonSpec> {
  const answer = await board.edit('metrics', verb, words, { ...options });
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return (await addon()).spec;
}

async function refused(status: number, words: RegExp, verb: string, args?: string[], options?: object) {
  const before = (await addon()).metadata.generation;
  const answer = await board.edit('metrics', verb, args, { ...options });
  expect(answer).toEqual({ status, body: { error: expect.stringMatching(words) } });
  expect((await addon()).metadata.generation).toBe(before);
}

describe('what is shown', () => {
  test('the list has every addon, and follows what happens to them', async () => {
    const rows = await board.client.message<Row[]>('/api/addons/stream', 'rows');
    expect(rows).toEqual([
      expect.objectContaining({
        namespace: NAMESPACE,
        name: 'metrics',
        id: await id(),
        plan: '512m',
        status: 'Ready',
      }),
    ]);
    const coming = board.client.message<{ rows: Row[] }>('/api/addons/stream', 'changed', (changed) =>
      changed.rows.some(({ name }) => name === 'second'),
    );
    await bed.addon(NAMESPACE, 'second');
    expect((await coming).rows[0]).toMatchObject({ name: 'second', plan: '512m' });
  });

  test('an addon has its state in words, its conditions and its events', async () => {
    const detail = await board.client.message<Detail>(STREAM, 'addon');
    expect(detail).toMatchObject({
      health: 'Good',
      tls: 'Disabled',
      wantedVersion: '1.8',
      version: '1.8.10',
    });
    expect(detail.conditions.map(({ type }) => type)).toEqual(expect.arrayContaining(['Ready', 'Available']));
    expect(detail.settings).toContainEqual(['Force TLS', 'Disabled']);
    const story = await board.client.message<string[]>(STREAM, 'story');
    expect(story[0]).toBe(`metrics (${await id()}): Ready`);
    const events = await board.client.message<EventLine[]>(STREAM, 'events', (lines) => lines.length > 0);
    expect(events[0]).toMatchObject({ reason: expect.any(String), note: expect.any(String) });
  });

  test('no stream has the password; it is told to who asks for it and may read the Secret', async () => {
    const { INFLUX_URL = '' } = await secretData(bed, NAMESPACE, 'metrics-influx');
    const { password } = new URL(INFLUX_URL);
    const detail = await board.client.message<Detail>(STREAM, 'addon');
    expect(detail.maskedUrl).toBe(INFLUX_URL.replace(password, '********'));
    expect(JSON.stringify(detail)).not.toContain(password);
    const path = `/api/addons/${NAMESPACE}/metrics/url`;
    expect(await board.client.ask(path)).toEqual({ status: 200, body: { url: INFLUX_URL } });
    expect((await strangers.client.ask(path)).status).toBe(403);
  });

  test('what cannot be measured is said not to be known, and why', async () => {
    const path = `/api/addons/${NAMESPACE}/metrics/numbers`;
    const unknown = await board.client.message<string[]>(path, 'unknown');
    expect(unknown).toEqual([
      expect.stringContaining('no metrics API (metrics.k8s.io)'),
      expect.stringContaining('was not reached through the API server'),
    ]);
    expect(await board.client.message(path, 'limits')).toMatchObject({
      memory: 512 * 2 ** 20,
      series: 50_000,
    });
  });

  test('who may see nothing is told so', async () => {
    expect(
      await strangers.client.message<string>('/api/addons/stream', 'trouble', (words) => words !== ''),
    ).toBe('you may not list and watch influxaddons in all namespaces');
    expect(await strangers.client.ask('/api/catalogue')).toMatchObject({ status: 403 });
    expect(await strangers.edit('metrics', 'stop')).toMatchObject({ status: 403 });
  });
});

describe('what is edited', () => {
  test('the plan, after a preview that edits nothing', async () => {
    const preview = await board.edit('metrics', 'plan', ['1g'], { 'dry-run': true });
    expect(preview.body).toMatchObject({ noted: expect.arrayContaining(['  memory: 512Mi -> 1Gi']) });
    expect((await addon()).spec.plan).toBe('512m');
    expect(await edited('plan', ['1g'])).toMatchObject({ plan: '1g' });
    await refused(422, /there is no plan 3g; allowed/, 'plan', ['3g']);
    await bed.until(NAMESPACE, 'metrics', 'at the plan', ({ status }) => status?.plan === '1g');
  });

  test('the version', async () => {
    expect(await edited('upgrade', ['1.8.10'])).toMatchObject({ version: '1.8.10' });
    await refused(422, /downgrade is not possible/, 'upgrade', ['1.7.11']);
    const others = await board.edit('metrics', 'upgrade');
    expect(JSON.stringify(others.body)).toMatch(/1\.7\.11 +not possible/);
  });

  test('internet access only with TLS, TLS, and the window', async () => {
    const internet = { internet: 'NodePort', allow: ['203.0.113.0/24'] };
    await refused(422, /needs spec.tls.mode: Required/, 'config', [], internet);
    const preview = await board.edit('metrics', 'config', [], { tls: 'Required', 'dry-run': true });
    expect(JSON.stringify(preview.body)).toContain('TLS Disabled -> Required; the URL changes');
    expect(await edited('config', [], { tls: 'Required' })).toMatchObject({ tls: { mode: 'Required' } });
    expect(await edited('config', [], internet)).toMatchObject({
      internetAccess: { mode: 'NodePort', allowedCIDRs: ['203.0.113.0/24'] },
    });
    await refused(422, /write ranges in CIDR notation/, 'config', [], { allow: ['10.0.0.1/8'] });
    const window = { 'window-day': 'Tuesday', 'window-hour': '3', 'window-hours': '4' };
    expect(await edited('config', [], window)).toMatchObject({
      maintenanceWindow: { weekday: 'Tuesday', startHour: 3, durationHours: 4 },
    });
    await refused(400, /from 0 to 23/, 'config', [], { 'window-hour': '24' });
  });

  test('users and retention policies', async () => {
    expect(await edited('users add', ['grafana'], { access: 'Write' })).toMatchObject({
      users: [{ name: 'grafana', access: 'Write' }],
    });
    await refused(422, /spec.users: name must be lower case/, 'users add', ['admin']);
    expect((await edited('users remove', ['grafana'])).users).toEqual([]);
    await refused(404, /has no user grafana/, 'users remove', ['grafana']);
    expect(await edited('retention set', ['week', '7d'], { default: true })).toMatchObject({
      retentionPolicies: [{ name: 'week', duration: '7d' }],
      defaultRetentionPolicy: 'week',
    });
    await refused(422, /duration/, 'retention set', ['odd', 'for ever']);
    expect(
      (await edited('retention remove', ['week'], { 'allow-data-loss': true })).retentionPolicies,
    ).toEqual([]);
    await refused(404, /has no retention policy week/, 'retention remove', ['week']);
  });

  test('backups are taken, seen to be done, and restored by the id', async () => {
    await refused(422, /has no backup store/, 'backups create');
    await edited('config', [], { 'backup-store': 'nightly', 'backup-schedule': 'Disabled' });
    await bed.ready(NAMESPACE, 'metrics');
    await edited('backups create', [], { name: 'mine' });
    expect((await bed.client.get(InfluxBackup, { namespace: NAMESPACE, name: 'mine' }))?.spec).toEqual({
      addonRef: { name: 'metrics' },
    });
    const done = await board.client.message<BackupLine[]>(
      STREAM,
      'backups',
      (lines) => lines[0]?.restorable === true,
    );
    expect(done[0]).toMatchObject({ name: 'mine', kind: 'Manual', status: 'Completed' });
    await refused(422, /that is not metrics_\d+: nothing was restored/, 'backups restore', ['mine'], {
      confirm: 'x',
    });
    await refused(404, /there is no backup yours/, 'backups restore', ['yours'], { confirm: await id() });
    await edited('backups restore', ['mine'], { new: 'copy' });
    expect((await bed.get(NAMESPACE, 'copy')).spec).toMatchObject({
      restoreFrom: { backupRef: { name: 'mine' } },
    });
    await edited('backups restore', ['mine'], { confirm: await id() });
    const { items } = await bed.client.list(InfluxRestore, { namespace: NAMESPACE });
    expect(items.map(({ spec }) => spec)).toContainEqual({
      backupRef: { name: 'mine' },
      addonRef: { name: 'metrics' },
      overwrite: await id(),
    });
    await bed.until(NAMESPACE, 'metrics', 'restored', (each) => each.status?.restore === undefined);
  });

  test('it is stopped, started, restarted, paused, resumed, and gets new credentials', async () => {
    expect(await edited('stop')).toMatchObject({ state: 'Stopped' });
    expect(await edited('start')).toMatchObject({ state: 'Running' });
    await edited('restart');
    await edited('pause');
    await bed.until(NAMESPACE, 'metrics', 'paused', (each) => condition(each, 'Ready')?.reason === 'Paused');
    await edited('resume');
    await edited('rotate');
    await edited('maintain');
    expect((await addon()).metadata.annotations).toMatchObject({
      'influxaddon.dev/restart': expect.any(String),
      'influxaddon.dev/rotate': expect.any(String),
      'influxaddon.dev/maintain-now': expect.any(String),
    });
  });

  test('it is not deleted from here; that it was is shown', async () => {
    await refused(400, /remove is nothing that the page may do/, 'remove', [], { confirm: await id() });
    const gone = board.client.message<Detail | null>(STREAM, 'addon', (detail) => detail === null);
    await bed.client.delete(InfluxAddon, { namespace: NAMESPACE, name: 'metrics' });
    expect(await gone).toBeNull();
  });
});

test('the bundle has the page in it, with the licences, and serves it until it is interrupted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dashboard-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = await bundleCli(folder);
  expect(await readFile(`${path}.licenses.txt`, 'utf8')).toMatch(/== preact [^]*== uplot /);
  const child = spawn(process.execPath, [path, 'dashboard', '--no-open'], {
    cwd: '/',
    env: { KUBECONFIG: bed.plane.kubeconfig, HOME: folder, ...ownerMark() },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const [printed] = (await once(child.stdout, 'data')) as [Buffer];
  const address = printed.toString().trim();
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/);
  expect(await (await fetch(address)).text()).toContain('<script type="module" src="/app.js">');
  expect(await (await fetch(new URL('/app.js', address))).text()).toContain('kubectl influx dashboard');
  const rows = await new DashboardClient(address).message<Row[]>('/api/addons/stream', 'rows');
  expect(rows.map(({ namespace }) => namespace)).toContain(NAMESPACE);
  // A stream that is open holds nothing up.
  const open = fetch(new URL('/api/addons/stream', address), {
    headers: { authorization: `Bearer ${new URL(address).hash.slice('#token='.length)}` },
  });
  await open;
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
});

test('served to many, each has the rights of their own token, and nobody those of the server', async () => {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const own = await readKubeconfig({ path: bed.plane.kubeconfig, environment: {} });
  const app = sharedDashboard({
    hosts: ['db.example'],
    page: {},
    tool: TOOL,
    version: 'test',
    signal: stop.signal,
    note: () => {},
    connect: (token) => {
      const cluster = clusterOf(credentialsOf(own, token), 'test');
      return { ...visitorOf(cluster), close: () => cluster.close() };
    },
  });
  const status = async (token: string, path: string) => {
    const headers = { host: 'db.example', authorization: `Bearer ${token}` };
    return (await app.request(path, { headers })).status;
  };
  const tokenOf = async (user: string) =>
    (await readKubeconfig({ path: await bed.plane.userKubeconfig(user), environment: {} })).token ?? '';
  expect(await status(await tokenOf(OPERATOR_USER), '/api/catalogue')).toBe(200);
  expect(await status(await tokenOf('stranger'), '/api/catalogue')).toBe(403);
  expect(await status('nobody-knows-it', '/api/catalogue')).toBe(401);
});
