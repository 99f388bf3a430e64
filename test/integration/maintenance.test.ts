import { describe, expect, test } from 'vitest';
import { DEFAULT_MAINTENANCE } from '../../src/maintenance/settings.ts';
import { buildPodTemplate } from '../../src/addon/children/pod/template.ts';
import { plans } from '../../src/api/catalogue.ts';
import type { InfluxAddon as Addon, InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon, InfluxPlan, InfluxVersion } from '../../src/api/kinds.ts';
import { Deployment, Event, Pod, Secret, StatefulSet } from '../../src/kube/objects/kinds.ts';
import { Reflector } from '../../src/kube/store/reflector.ts';
import { Store } from '../../src/kube/store/store.ts';
import type { Live } from '../../src/kube/objects/types.ts';
import { appOf } from './app.ts';
import { eventually } from './children.ts';
import { secretData } from './database.ts';
import { condition, isReady, type OperatorBed, type OperatorOptions } from './operator-bed.ts';
import { atRest } from './rest.ts';
import { withOperatorBed } from './with-bed.ts';
import { closedWindow, openWindow } from './windows.ts';

const NAME = 'my-app';
const AT_ONCE = 3;
const MAINTAIN_NOW = 'influxaddon.dev/maintain-now';

let bed: OperatorBed;
let count = 0;
withOperatorBed((started) => {
  bed = started;
});

async function startOperator(options: OperatorOptions = {}): Promise<void> {
  await bed.startOperator(options);
}

const at = (namespace: string, name: string) => ({ namespace, name });
const isSettled = (addon: Live<Addon>) =>
  isReady(addon) &&
  condition(addon, 'AppsCurrent')?.status !== 'False' &&
  condition(addon, 'MaintenancePending')?.status === 'False';
const isPending = (addon: Live<Addon>) => condition(addon, 'MaintenancePending')?.status === 'True';

/** An addon with an app that has variables injected. */
async function prepare(spec: Partial<InfluxAddonSpec> = {}): Promise<string> {
  count += 1;
  const namespace = await bed.namespace(`maintenance-${count}`);
  await bed.client.create(Deployment, appOf(namespace));
  await bed.addon(namespace, NAME, {
    maintenanceWindow: closedWindow(),
    apps: [{ name: 'web', env: 'Inject' }],
    ...spec,
  });
  await bed.until(namespace, NAME, 'ready', isSettled);
  return namespace;
}

async function ask(namespace: string, name = NAME, token = 'now'): Promise<void> {
  const metadata = { annotations: { [MAINTAIN_NOW]: token } };
  await bed.client.patch(InfluxAddon, at(namespace, name), { metadata }, { type: 'merge' });
}

/** What tells whether anything was restarted: the pod, the changes of the StatefulSet, the rollouts of the app. */
async function restarts(namespace: string) {
  const pod = await bed.client.get(Pod, at(namespace, `${NAME}-influx-0`));
  const set = await bed.client.get(StatefulSet, at(namespace, `${NAME}-influx`));
  const web = await bed.client.get(Deployment, at(namespace, 'web'));
  return {
    pod: pod?.metadata.uid,
    generation: set?.metadata.generation,
    app: web?.metadata.annotations?.['deployment.kubernetes.io/revision'],
  };
}

/** A plan of the test's own, so that an edit of it touches nobody else. */
async function makePlan(name: string): Promise<void> {
  const plan = plans.find(({ metadata }) => metadata?.name === '512m');
  if (plan === undefined) throw new Error('the catalogue has no plan 512m');
  await bed.client.create(InfluxPlan, { ...plan, metadata: { name } });
}

/** Until the answer is disposed of. */
async function addPatch(name: string): Promise<AsyncDisposable> {
  await bed.client.create(InfluxVersion, { metadata: { name }, spec: { image: `influxdb:${name}` } });
  return { [Symbol.asyncDispose]: async () => await bed.client.delete(InfluxVersion, { name }) };
}

/** At every change of any addon of the namespace: which are in maintenance, and how many at most so far. */
class Watched implements AsyncDisposable {
  readonly store = new Store<Addon>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  most = 0;

  constructor(namespace: string) {
    const reflector = new Reflector({ client: bed.client, kind: InfluxAddon, store: this.store, namespace });
    this.#running = reflector.run(this.#stop.signal);
    this.store.onChange(() => {
      this.most = Math.max(this.most, this.under().length);
    });
  }

  under(): string[] {
    return [...this.store.list()]
      .filter(({ status }) => status?.maintenance?.startedAt !== undefined)
      .map(({ metadata }) => metadata.name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

describe('a newer patch in the catalogue', () => {
  test('is taken in the window, by so many at once, each with one restart', async () => {
    const namespace = await bed.namespace('fleet');
    const names = Array.from({ length: 12 }, (_, index) => `db-${index}`);
    await startOperator({
      settings: { maintenance: { ...DEFAULT_MAINTENANCE, maxAtOnce: AT_ONCE } },
    });
    for (const name of names)
      await bed.addon(namespace, name, { maintenanceWindow: openWindow(), version: '1.8' });
    for (const name of names) await bed.until(namespace, name, 'ready', isSettled);
    await using watched = new Watched(namespace);
    await watched.store.synced;
    // Those that are begun are not done until it is seen that no other begins.
    const release = bed.kubelet.rule({
      match: ({ metadata, spec }) =>
        metadata.namespace === namespace &&
        (spec?.containers.some(({ image }) => image === 'influxdb:1.8.11') ?? false),
      behave: 'NeverReady',
    });
    await using _patch = await addPatch('1.8.11');
    await eventually('as many as may be', async () => watched.under().length === AT_ONCE);
    await Promise.all(names.map((name) => atRest(bed, namespace, name)));
    expect(watched.under()).toHaveLength(AT_ONCE);
    release();
    for (const name of names) {
      const addon = await bed.until(
        namespace,
        name,
        'on 1.8.11',
        (each) => isSettled(each) && each.status?.version === '1.8.11',
      );
      expect(addon.status?.maintenance?.past).toEqual([{ at: expect.any(String), what: 'version 1.8.11' }]);
      const set = await bed.client.get(StatefulSet, at(namespace, `${name}-influx`));
      expect(set?.metadata.generation).toBe(2);
      expect(set?.spec?.template.spec?.containers[0]?.image).toBe('influxdb:1.8.11');
    }
    expect(watched.most).toBe(AT_ONCE);
  });

  test('waits outside the window and says until when; maintain-now brings it to one addon alone', async () => {
    await startOperator();
    const asking = await prepare({ version: '1.8' });
    const waiting = await prepare();
    const before = [await restarts(asking), await restarts(waiting)];
    await using _patch = await addPatch('1.8.11');
    for (const namespace of [asking, waiting]) {
      const addon = await bed.until(namespace, NAME, 'pending', isPending);
      const next = addon.status?.maintenance?.next ?? '';
      expect(Date.parse(next) - Date.now()).toBeGreaterThan(24 * 3_600_000);
      expect(addon.status?.maintenance).toMatchObject({
        window: expect.stringContaining('UTC'),
        pending: [{ what: 'version 1.8.11' }],
      });
      expect(condition(addon, 'MaintenancePending')).toMatchObject({
        reason: 'OutsideWindow',
        message: `version 1.8.11: waits for the maintenance window of ${next}`,
      });
      expect(isReady(addon)).toBe(true);
    }
    for (const namespace of [asking, waiting]) await atRest(bed, namespace, NAME);
    expect([await restarts(asking), await restarts(waiting)]).toEqual(before);
    await ask(asking);
    const done = await bed.until(
      asking,
      NAME,
      'on 1.8.11',
      (addon) => isSettled(addon) && addon.status?.version === '1.8.11',
    );
    expect(done.status?.lastHandled?.maintainNow).toBe('now');
    // Its version is what an app depends on: one restart of the database, then one of the app.
    expect(await restarts(asking)).toMatchObject({ generation: 2, app: '3' });
    await atRest(bed, waiting, NAME);
    expect(await restarts(waiting)).toEqual(before[1]);
    // Events are sent when there is time for them.
    await eventually('both events', async () => {
      const { items } = await bed.client.list(Event, { namespace: asking });
      const reasons = new Set(items.map(({ reason }) => reason));
      return reasons.has('MaintenanceStarted') && reasons.has('MaintenanceDone');
    });
  });

  test('a freeze holds back even what is asked for', async () => {
    await startOperator({
      settings: { maintenance: { ...DEFAULT_MAINTENANCE, freeze: true } },
    });
    const namespace = await prepare({ maintenanceWindow: openWindow() });
    const before = await restarts(namespace);
    await using _patch = await addPatch('1.8.11');
    await bed.until(namespace, NAME, 'pending', isPending);
    await ask(namespace);
    await atRest(bed, namespace, NAME);
    const addon = await bed.get(namespace, NAME);
    expect(condition(addon, 'MaintenancePending')?.reason).toBe('Frozen');
    expect(await restarts(namespace)).toEqual(before);
    await bed.stopOperators();
    await startOperator();
    await bed.until(
      namespace,
      NAME,
      'on 1.8.11',
      (each) => each.status?.version === '1.8.11' && isSettled(each),
    );
  });
});

describe('an edit of the catalogue', () => {
  test('of the plan waits; a change of the spec takes it along with one stop', async () => {
    await startOperator();
    await makePlan('edited');
    const namespace = await prepare({ plan: 'edited', version: '1.7' });
    const before = await restarts(namespace);
    await bed.client.patch(InfluxPlan, { name: 'edited' }, { spec: { memory: '768Mi' } }, { type: 'merge' });
    const pending = await bed.until(namespace, NAME, 'pending', isPending);
    expect(pending.status?.maintenance?.pending?.[0]?.what).toBe('plan edited as it is now (memory)');
    await atRest(bed, namespace, NAME);
    expect(await restarts(namespace)).toEqual(before);
    const spec = { version: '1.8.10' };
    await bed.client.patch(InfluxAddon, at(namespace, NAME), { spec }, { type: 'merge' });
    await bed.until(
      namespace,
      NAME,
      'on 1.8.10',
      (each) => isSettled(each) && each.status?.version === '1.8.10',
    );
    expect(await restarts(namespace)).toMatchObject({ generation: 2, app: '3' });
    const set = await bed.client.get(StatefulSet, at(namespace, `${NAME}-influx`));
    expect(set?.spec?.template.spec?.containers[0]?.resources?.limits?.['memory']).toBe('768Mi');
  });

  test('of the plan restarts the database when asked for, and no app', async () => {
    await startOperator();
    await makePlan('grown');
    const namespace = await prepare({ plan: 'grown' });
    await bed.client.patch(InfluxPlan, { name: 'grown' }, { spec: { memory: '768Mi' } }, { type: 'merge' });
    await bed.until(namespace, NAME, 'pending', isPending);
    await ask(namespace);
    await bed.until(namespace, NAME, 'done', isSettled);
    await atRest(bed, namespace, NAME);
    expect(await restarts(namespace)).toMatchObject({ generation: 2, app: '2' });
  });
});

test('a certificate that was renewed waits for the window, and restarts the database but no app', async () => {
  await startOperator();
  const namespace = await prepare({ tls: { mode: 'Required' } });
  const before = await restarts(namespace);
  await bed.client.delete(Secret, at(namespace, `${NAME}-influx-tls`));
  await eventually('another certificate', async () => {
    const files = await secretData(bed, namespace, `${NAME}-influx-tls`).catch(() => undefined);
    return files?.['tls.crt'] !== undefined;
  });
  const pending = await bed.until(namespace, NAME, 'pending', isPending);
  expect(pending.status?.maintenance?.pending?.[0]?.what).toBe('certificate that was renewed');
  expect(await restarts(namespace)).toEqual(before);
  await ask(namespace);
  await bed.until(namespace, NAME, 'done', isSettled);
  await atRest(bed, namespace, NAME);
  const after = await restarts(namespace);
  expect(after.pod).not.toBe(before.pod);
  expect(after).toMatchObject({ generation: (before.generation ?? 0) + 1, app: before.app });
});

describe('an upgrade of the operator', () => {
  /** Another release: its pods have one more variable. */
  const render: typeof buildPodTemplate = (context) => {
    const template = buildPodTemplate(context);
    const [engine, ...others] = template.spec?.containers ?? [];
    if (engine === undefined || template.spec === undefined) throw new Error('the template has no container');
    const env = [...(engine.env ?? []), { name: 'NEW_IN_THIS_RELEASE', value: 'yes' }];
    return { ...template, spec: { ...template.spec, containers: [{ ...engine, env }, ...others] } };
  };

  test('restarts no database', async () => {
    await startOperator();
    const namespaces = [await prepare(), await prepare(), await prepare({ tls: { mode: 'Required' } })];
    for (const namespace of namespaces) await atRest(bed, namespace, NAME);
    await bed.stopOperators();
    const before = await Promise.all(namespaces.map(restarts));
    const since = Date.now();
    await startOperator({ settings: { render } });
    for (const namespace of namespaces) {
      const addon = await bed.until(namespace, NAME, 'pending', isPending);
      expect(addon.status?.maintenance?.pending?.map(({ what }) => what)).toEqual([
        'template of the pod as this release of the operator makes it',
      ]);
    }
    for (const namespace of namespaces) await atRest(bed, namespace, NAME);
    expect(await Promise.all(namespaces.map(restarts))).toEqual(before);
    for (const namespace of namespaces) {
      const written = await bed.writes(namespace, since);
      expect(new Set(written)).toEqual(new Set(['patch influxaddons/status']));
      // That something is pending; on a slow machine, once more that the database answers again.
      expect(written.length).toBeLessThanOrEqual(2);
    }

    const [asking = '', ...others] = namespaces;
    await ask(asking);
    await bed.until(asking, NAME, 'done', isSettled);
    await atRest(bed, asking, NAME);
    const after = await restarts(asking);
    expect(after.pod).not.toBe(before[0]?.pod);
    expect(after).toMatchObject({ generation: 2, app: before[0]?.app });
    const set = await bed.client.get(StatefulSet, at(asking, `${NAME}-influx`));
    expect(JSON.stringify(set?.spec?.template)).toContain('NEW_IN_THIS_RELEASE');
    expect(await Promise.all(others.map(restarts))).toEqual(before.slice(1));
  });
});
