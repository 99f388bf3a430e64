import { expect, test } from 'vitest';
import { isRolledOut } from '../../src/addon/apps/view.ts';
import { restartedForKey } from '../../src/addon/world/names.ts';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { Deployment } from '../../src/kube/objects/kinds.ts';
import { Reflector } from '../../src/kube/store/reflector.ts';
import { Store } from '../../src/kube/store/store.ts';
import type { Live } from '../../src/kube/objects/types.ts';
import { eventually } from './children.ts';
import { condition, isReady, type OperatorBed } from './operator-bed.ts';
import { atRest } from './rest.ts';
import { withOperatorBed } from './with-bed.ts';

const NAME = 'my-app';
const AT_ONCE = 3;
const DEADLINE_MS = 600_000;
/** Longer than a rollout may take before it is a state of its own. */
const LONG_MS = 60_000;
const APPS = Array.from({ length: 12 }, (_, index) => `app-${String(index).padStart(2, '0')}`);
const STUCK = 'app-04';

let bed: OperatorBed;
withOperatorBed((started) => {
  bed = started;
});

/** Counts, at every change of any Deployment, how many are not rolled out. */
class Watched implements AsyncDisposable {
  readonly store = new Store<Deployment>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  most = 0;
  constructor(namespace: string) {
    const { client } = bed;
    this.#running = new Reflector({ client, kind: Deployment, store: this.store, namespace }).run(
      this.#stop.signal,
    );
    this.store.onChange(() => {
      this.most = Math.max(this.most, this.down().length);
    });
  }

  down(): string[] {
    return [...this.store.list()].filter((app) => !isRolledOut(app)).map(({ metadata }) => metadata.name);
  }

  revisions(): string[] {
    return APPS.map((name) => revisionOf([...this.store.list()].find((app) => app.metadata.name === name)));
  }

  /** Marks of the restarts of all apps. */
  marks(): Set<string | undefined> {
    return new Set([...this.store.list()].map(markOf));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

function revisionOf(app: Live<Deployment> | undefined): string {
  return app?.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? '';
}

function markOf(app: Live<Deployment> | undefined): string | undefined {
  return app?.spec?.template.metadata?.annotations?.[restartedForKey(NAME)];
}

async function makeApps(namespace: string): Promise<void> {
  for (const name of APPS)
    await bed.client.create(Deployment, {
      metadata: { namespace, name },
      spec: {
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: { containers: [{ name: 'main', image: 'registry.example/app:1' }] },
        },
      },
    });
}

async function edit(namespace: string, spec: Partial<InfluxAddonSpec>): Promise<void> {
  await bed.client.patch(InfluxAddon, { namespace, name: NAME }, { spec }, { type: 'merge' });
}

const isSettled = (addon: Live<InfluxAddon>) =>
  isReady(addon) && condition(addon, 'AppsCurrent')?.status === 'True';

/** Keeps the next pods of the apps from coming up, until the answer is called. */
function holdNext(namespace: string, watched: Watched): () => void {
  const before = watched.marks();
  return bed.kubelet.rule({
    match: ({ metadata }) =>
      metadata.namespace === namespace &&
      APPS.includes(metadata.labels?.['app'] ?? '') &&
      !before.has(metadata.annotations?.[restartedForKey(NAME)]),
    behave: 'NeverReady',
  });
}

test('twelve apps are bound and restarted three at once; one that does not come up stops the rest until it is repaired', async () => {
  const restarts = { atOnce: AT_ONCE, deadlineMs: DEADLINE_MS };
  const operator = await bed.startOperator({ settings: { restarts } });
  const namespace = await bed.namespace('waves');
  await makeApps(namespace);
  await using watched = new Watched(namespace);
  const down = async (count: number) =>
    await eventually(
      `${count} apps to be down`,
      async () => watched.store.size === APPS.length && watched.down().length === count,
    );
  await down(0);
  watched.most = 0;

  let release = holdNext(namespace, watched);
  await bed.addon(namespace, NAME, { apps: APPS.map((name) => ({ name, env: 'Inject' })) });
  await down(AT_ONCE);
  await atRest(bed, namespace, NAME);
  release();
  await bed.until(namespace, NAME, 'ready', isSettled);
  expect(watched.revisions()).toEqual(APPS.map(() => '2'));
  expect(watched.most).toBe(AT_ONCE);

  release = holdNext(namespace, watched);
  await edit(namespace, { plan: '1g' });
  await down(AT_ONCE);
  await bed.lapse('a word of the restarts', LONG_MS, async () => {
    const ready = condition(await bed.get(namespace, NAME), 'Ready');
    return ready?.status === 'True' && ready.reason === 'RestartingApps';
  });
  release();
  await bed.until(
    namespace,
    NAME,
    'on another plan',
    (addon) => addon.status?.plan === '1g' && isSettled(addon),
  );
  expect(watched.revisions()).toEqual(APPS.map(() => '3'));
  expect(watched.most).toBe(AT_ONCE);

  // Its next pods, that is: one that was broken before would have its turn last, and hold up nobody.
  const running = markOf(await bed.client.get(Deployment, { namespace, name: STUCK }));
  bed.kubelet.rule({
    match: ({ metadata, spec }) =>
      metadata.namespace === namespace &&
      metadata.labels?.['app'] === STUCK &&
      spec?.containers[0]?.image === 'registry.example/app:1' &&
      metadata.annotations?.[restartedForKey(NAME)] !== running,
    behave: 'NeverReady',
  });
  await edit(namespace, { plan: '512m' });
  await eventually('the one to be all that is down', async () => watched.down().join() === STUCK);
  await atRest(bed, namespace, NAME);
  bed.clock.skip(DEADLINE_MS + 1_000);
  const stopped = await bed.until(
    namespace,
    NAME,
    'stopped',
    (addon) => condition(addon, 'AppsCurrent')?.reason === 'WaveStopped',
  );
  expect(condition(stopped, 'AppsCurrent')).toMatchObject({
    status: 'False',
    message: expect.stringContaining(`Deployment ${STUCK} was restarted at`),
  });
  expect(condition(stopped, 'Ready')).toMatchObject({ status: 'True', reason: 'Ready' });
  expect(watched.revisions()).toEqual(APPS.map((_, index) => (index < 6 ? '4' : '3')));

  // The operator remembers nothing of it: all that it knows is in status and in the apps.
  await operator.kill();
  await bed.startOperator({ settings: { restarts } });
  await atRest(bed, namespace, NAME);
  expect(watched.revisions()).toEqual(APPS.map((_, index) => (index < 6 ? '4' : '3')));

  await bed.client.patch(
    Deployment,
    { namespace, name: STUCK },
    { spec: { template: { spec: { containers: [{ name: 'main', image: 'registry.example/app:2' }] } } } },
    { type: 'strategic' },
  );
  await bed.until(namespace, NAME, 'settled', isSettled);
  expect(watched.revisions()).toEqual(APPS.map((name) => (name === STUCK ? '5' : '4')));
  expect(watched.most).toBe(AT_ONCE);
});
