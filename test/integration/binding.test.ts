import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { ApiError } from '../../src/kube/api/api-error.ts';
import {
  DaemonSet,
  Deployment,
  type Kind,
  Pod,
  ReplicaSet,
  StatefulSet,
} from '../../src/kube/objects/kinds.ts';
import type { Transport } from '../../src/kube/api/transport.ts';
import type { KubeObject, Live } from '../../src/kube/objects/types.ts';
import { eventually } from './children.ts';
import { Clients } from './clients.ts';
import { secretData } from './database.ts';
import { condition, type OperatorBed, type RunningOperator } from './operator-bed.ts';
import { atRest } from './rest.ts';
import { withOperatorBed } from './with-bed.ts';

interface Container {
  name: string;
  image?: string;
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef?: { name?: string; key?: string } } }[];
  envFrom?: object[];
}
interface App extends KubeObject {
  spec: {
    template: {
      metadata: { annotations?: Record<string, string> };
      spec: { containers: Container[]; initContainers?: Container[] };
    };
  };
}

const KINDS = { Deployment, StatefulSet, DaemonSet } as unknown as Record<string, Kind<App>>;
const BOTH = ['SCALINGO_INFLUX_URL', 'INFLUX_URL'];

let bed: OperatorBed;
let clients: Clients;
let operator: RunningOperator;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);
beforeAll(async () => {
  clients = await Clients.open(bed.plane.kubeconfig);
  operator = await bed.startOperator();
});
afterAll(async () => {
  await clients[Symbol.asyncDispose]();
});

describe('Inject', () => {
  test.concurrent.each(['Deployment', 'StatefulSet', 'DaemonSet'] as const)(
    'a %s gets the variables in all its containers and is restarted once',
    async (kind) => {
      const namespace = await bed.namespace(`inject-${kind.toLowerCase()}`);
      await apply(namespace, manifest(kind, { containers: ['web', 'side'], init: ['migrate'] }));
      const generation = (await read(namespace, kind)).metadata.generation ?? 0;
      await bound(namespace, { apps: [{ kind, name: 'web', env: 'Inject' }] });
      const app = await read(namespace, kind);
      expect(variablesOf(app)).toEqual({ migrate: BOTH, web: BOTH, side: BOTH });
      expect(app.metadata.generation).toBe(generation + 1);
      const pods = await bed.client.list(Pod, { namespace, labelSelector: 'app=web' });
      const staying = pods.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      expect(staying).toHaveLength(1);
      expect(staying[0]?.spec?.containers[0]?.env).toMatchObject([
        {
          name: 'SCALINGO_INFLUX_URL',
          valueFrom: { secretKeyRef: { name: 'db-influx', key: 'SCALINGO_INFLUX_URL' } },
        },
        { name: 'INFLUX_URL', valueFrom: { secretKeyRef: { name: 'db-influx', key: 'INFLUX_URL' } } },
      ]);
      await atRest(bed, namespace, 'db');
    },
  );

  test.concurrent('only the chosen containers; a choice that does not exist is a condition with the names there are', async () => {
    const namespace = await bed.namespace('chosen');
    await apply(namespace, manifest('Deployment', { containers: ['web', 'side'], init: ['migrate'] }));
    await bound(namespace, { apps: [{ name: 'web', env: 'Inject', containers: ['web', 'migrate'] }] });
    expect(variablesOf(await read(namespace))).toEqual({ migrate: BOTH, web: BOTH, side: [] });
    await edit(namespace, { apps: [{ name: 'web', env: 'Inject', containers: ['side'] }] });
    await eventually('the other choice', async () => {
      const now = variablesOf(await read(namespace));
      return now['side']?.length === 2 && now['web']?.length === 0 && now['migrate']?.length === 0;
    });
    await edit(namespace, { apps: [{ name: 'web', env: 'Inject', containers: ['nope'] }] });
    const addon = await apps(namespace, 'ContainerMissing');
    expect(condition(addon, 'AppsCurrent')?.message).toMatch(
      /has no container nope; it has web, side, migrate/,
    );
  });

  test.concurrent('an app that is missing is a condition; it is bound when it appears', async () => {
    const namespace = await bed.namespace('missing');
    await bed.addon(namespace, 'db', { apps: [{ name: 'web', env: 'Inject' }] });
    const addon = await apps(namespace, 'AppMissing');
    expect(condition(addon, 'AppsCurrent')?.message).toMatch(
      /Deployment web does not exist in this namespace/,
    );
    expect(condition(addon, 'Ready')?.status).toBe('True');
    await apply(namespace, manifest('Deployment', {}));
    await apps(namespace, 'Current');
    expect(variablesOf(await read(namespace))).toEqual({ web: BOTH });
  });

  test.concurrent('a variable that the app sets itself is a condition and never forced', async () => {
    const namespace = await bed.namespace('own-variable');
    const own = manifest('Deployment', { env: [{ name: 'INFLUX_URL', value: 'http://mine' }] });
    await apply(namespace, own);
    await bed.addon(namespace, 'db', { apps: [{ name: 'web', env: 'Inject' }] });
    const addon = await apps(namespace, 'VariableConflict');
    expect(condition(addon, 'AppsCurrent')?.message).toMatch(
      /Deployment web sets INFLUX_URL in container web itself; remove it there/,
    );
    const [web] = (await read(namespace)).spec.template.spec.containers;
    expect(web?.env?.find(({ name }) => name === 'INFLUX_URL')?.value).toBe('http://mine');
    await apply(namespace, manifest('Deployment', { env: [{ name: 'OTHER', value: '1' }] }));
    await apps(namespace, 'Current');
    expect(variablesOf(await read(namespace))).toEqual({ web: BOTH });
  });

  test.concurrent('the restart mark removed by hand restarts nothing', async () => {
    const namespace = await bed.namespace('mark');
    await apply(namespace, manifest('Deployment', {}));
    await bound(namespace, { apps: [{ name: 'web', env: 'Inject' }] });
    const template = { metadata: { annotations: { 'restarted-for.influxaddon.dev/db': null } } };
    const since = Date.now();
    const key = { namespace, name: 'web' };
    const marked = await bed.client.patch(Deployment, key, { spec: { template } }, { type: 'merge' });
    await atRest(bed, namespace, 'db');
    expect((await read(namespace)).metadata.generation).toBe(marked.metadata.generation);
    expect(await bed.writes(namespace, since)).not.toContain('patch deployments');
    await apps(namespace, 'Current');
  });

  test.concurrent('lost variables are added again; taken out again and again they are contested until the app changes', async () => {
    const namespace = await bed.namespace('lost');
    await apply(namespace, manifest('Deployment', {}));
    await bound(namespace, { apps: [{ name: 'web', env: 'Inject' }] });
    const take = async () =>
      await clients.kubectl(namespace, [
        'set',
        'env',
        'deployment/web',
        'INFLUX_URL-',
        'SCALINGO_INFLUX_URL-',
      ]);
    for (let times = 1; times < 5; times += 1) {
      await take();
      await eventually('the variables', async () => variablesOf(await read(namespace))['web']?.length === 2);
      await apps(namespace, 'Current');
      await atRest(bed, namespace, 'db');
    }
    await take();
    const addon = await apps(namespace, 'BindingContested');
    expect(condition(addon, 'AppsCurrent')?.message).toMatch(/removed from Deployment web again and again/);
    expect(variablesOf(await read(namespace))).toEqual({ web: [] });
    await atRest(bed, namespace, 'db');
    await clients.kubectl(namespace, ['set', 'image', 'deployment/web', 'web=web:2']);
    await apps(namespace, 'Current');
    expect(variablesOf(await read(namespace))).toEqual({ web: BOTH });
  });
});

describe('what is injected survives whoever owns the app', () => {
  type Method = readonly [string, (namespace: string, object: object) => Promise<unknown>, boolean];
  const METHODS: readonly [Method, Method, Method] = [
    ['kubectl apply', (namespace, object) => clients.kubectl(namespace, ['apply', '-f', '-'], object), false],
    [
      'kubectl apply --server-side',
      (namespace, object) => clients.kubectl(namespace, ['apply', '--server-side', '-f', '-'], object),
      true,
    ],
    ['helm upgrade', (namespace, object) => clients.helmUpgrade(namespace, object), true],
  ];
  test.concurrent.each(METHODS)(
    '%s: applied again, changed, a container renamed and one removed',
    async (method, deploy, serverSide) => {
      const namespace = await bed.namespace(`owner-${method.replaceAll(/[^a-z]+/g, '-')}`);
      const env = [{ name: 'OWN', value: '1' }];
      const of = (containers: string[], image = 'web:1') =>
        manifest('Deployment', { containers, init: ['migrate'], env, image });
      await deploy(namespace, of(['web', 'side']));
      await bound(namespace, { apps: [{ name: 'web', env: 'Inject' }] });
      const first = await read(namespace);
      if (method !== 'helm upgrade')
        expect(await clients.diff(namespace, of(['web', 'side']), serverSide)).toBe('');

      await deploy(namespace, of(['web', 'side']));
      expect((await read(namespace)).metadata.generation).toBe(first.metadata.generation);

      await deploy(namespace, of(['web', 'side'], 'web:2'));
      await injected(namespace, { migrate: BOTH, web: BOTH, side: BOTH });
      expect((await read(namespace)).metadata.generation).toBe((first.metadata.generation ?? 0) + 1);

      await deploy(namespace, of(['web', 'beside'], 'web:2'));
      await injected(namespace, { migrate: BOTH, web: BOTH, beside: BOTH });

      await deploy(namespace, of(['web'], 'web:2'));
      await injected(namespace, { migrate: BOTH, web: BOTH });

      await deploy(namespace, manifest('Deployment', { init: ['migrate'], image: 'web:2' }));
      await injected(namespace, { migrate: BOTH, web: BOTH });
      const [web] = (await read(namespace)).spec.template.spec.containers;
      expect(web?.env?.map(({ name }) => name)).not.toContain('OWN');
      await atRest(bed, namespace, 'db');
    },
  );

  test.concurrent.each([
    ['DaemonSet', METHODS[0][0], METHODS[0][1]],
    ['Deployment', METHODS[1][0], METHODS[1][1]],
  ] as const)(
    'of a %s, by %s: an entry that the owner wrote into the manifest stays when the addon injects no more',
    async (kind, method, deploy) => {
      const namespace = await bed.namespace(`own-${method.replaceAll(/[^a-z]+/g, '-')}`);
      await deploy(namespace, manifest(kind, {}));
      await bound(namespace, { apps: [{ kind, name: 'web', env: 'Inject' }] });
      const valueFrom = { secretKeyRef: { name: 'db-influx', key: 'INFLUX_URL' } };
      await deploy(namespace, manifest(kind, { env: [{ name: 'INFLUX_URL', valueFrom }] }));
      await apps(namespace, 'Current');
      await edit(namespace, { apps: [{ kind, name: 'web', env: 'FromSecret' }] });
      await injected(namespace, { web: ['INFLUX_URL'] }, kind);
      await edit(namespace, { apps: [] });
      await bed.ready(namespace, 'db');
      await atRest(bed, namespace, 'db');
      expect(variablesOf(await read(namespace, kind))).toEqual({ web: ['INFLUX_URL'] });
    },
  );
});

describe('two addons on one app', () => {
  test.concurrent('the first keeps the alias, the second has its own variable, and each restarts the app once', async () => {
    const namespace = await bed.namespace('two');
    await apply(namespace, manifest('Deployment', {}));
    await bound(namespace, { apps: [{ name: 'web', env: 'Inject' }] });
    await bed.addon(namespace, 'other', {
      connection: { prefix: 'OTHER' },
      apps: [{ name: 'web', env: 'Inject' }],
    });
    const addon = await apps(namespace, 'AliasTaken', 'other');
    expect(condition(addon, 'AppsCurrent')).toMatchObject({
      status: 'True',
      message: expect.stringMatching(/has INFLUX_URL from another addon; it uses OTHER_URL/),
    });
    const app = await read(namespace);
    const sources = app.spec.template.spec.containers[0]?.env?.map(({ name, valueFrom }) => [
      name,
      valueFrom?.secretKeyRef?.name,
    ]);
    expect(Object.fromEntries(sources ?? [])).toEqual({
      SCALINGO_INFLUX_URL: 'db-influx',
      INFLUX_URL: 'db-influx',
      OTHER_URL: 'other-influx',
    });
    expect(app.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
    await atRest(bed, namespace, 'db');
    await atRest(bed, namespace, 'other');
    expect((await read(namespace)).metadata.generation).toBe(app.metadata.generation);
  });

  test.concurrent('an equal prefix is told of the second, which stays Ready, and the app stays as it is', async () => {
    const namespace = await bed.namespace('prefix');
    await apply(namespace, manifest('Deployment', {}));
    await bound(namespace, { apps: [{ name: 'web', env: 'Inject' }] });
    await atRest(bed, namespace, 'db');
    const { generation } = (await read(namespace)).metadata;
    await bed.addon(namespace, 'other', { apps: [{ name: 'web', env: 'Inject' }] });
    const addon = await bed.until(
      namespace,
      'other',
      'told of the prefix',
      (each) => condition(each, 'AppsCurrent')?.reason === 'PrefixTaken',
    );
    expect(condition(addon, 'Ready')?.status).toBe('True');
    expect(condition(addon, 'Stalled')?.status).toBe('False');
    expect(condition(addon, 'AppsCurrent')).toMatchObject({
      status: 'False',
      message: expect.stringMatching(
        /^spec\.connection\.prefix: .* from addon db already; choose another prefix/,
      ),
    });
    expect((await read(namespace)).metadata.generation).toBe(generation);
    await bed.client.patch(
      InfluxAddon,
      { namespace, name: 'other' },
      { spec: { connection: { prefix: 'OTHER', alias: '' } } },
      { type: 'merge' },
    );
    await bed.ready(namespace, 'other');
    await eventually('its variable', async () =>
      JSON.stringify(await read(namespace)).includes('"OTHER_URL"'),
    );
  });
});

describe('unbinding', () => {
  test.concurrent.each<[string, (namespace: string) => Promise<unknown>]>([
    ['the app taken out of the spec', (namespace) => edit(namespace, { apps: null })],
    [
      'another way of binding',
      (namespace) => edit(namespace, { apps: [{ name: 'web', env: 'FromSecret' }] }),
    ],
    ['the addon deleted', (namespace) => bed.client.delete(InfluxAddon, { namespace, name: 'db' })],
  ])('%s takes the variables out, and only them', async (what, unbind) => {
    const namespace = await bed.namespace(`unbind-${what.replaceAll(' ', '-')}`);
    await apply(
      namespace,
      manifest('Deployment', {
        env: [{ name: 'OWN', value: '1' }],
        containers: ['web', 'side'],
        init: ['migrate'],
      }),
    );
    await bound(namespace, { apps: [{ name: 'web', env: 'Inject' }] });
    await unbind(namespace);
    await eventually(
      'no variables',
      async () => Object.values(variablesOf(await read(namespace))).flat().length === 0,
    );
    const [web] = (await read(namespace)).spec.template.spec.containers;
    expect(web?.env).toEqual([{ name: 'OWN', value: '1' }]);
    if (what === 'the addon deleted') {
      await eventually(
        'the addon to be gone',
        async () => (await bed.client.get(InfluxAddon, { namespace, name: 'db' })) === undefined,
      );
    } else {
      await bed.ready(namespace, 'db');
    }
    await atRest(bed, namespace, 'db');
  });
});

describe('FromSecret', () => {
  test.concurrent('envFrom gives exactly the two variables, and provisioning restarts nothing', async () => {
    const namespace = await bed.namespace('from-secret');
    const app = manifest('Deployment', {});
    for (const container of app.spec.template.spec.containers)
      container.envFrom = [{ secretRef: { name: 'db-influx' } }];
    await apply(namespace, app);
    await bed.addon(namespace, 'db', { apps: [{ name: 'web' }] });
    await apps(namespace, 'Current');
    expect(Object.keys(await secretData(bed, namespace, 'db-influx')).toSorted()).toEqual(BOTH.toSorted());
    const live = await read(namespace);
    expect(live.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
    expect(live.spec.template).toMatchObject({ metadata: { labels: { app: 'web' } } });
    expect(live.spec.template.metadata.annotations).toBeUndefined();
    expect(JSON.parse(JSON.stringify(live.status))).toMatchObject({ availableReplicas: 1 });
  });

  test.concurrent('prefix and alias of the spec name the variables', async () => {
    const namespace = await bed.namespace('names');
    await bed.addon(namespace, 'db', { connection: { prefix: 'METRICS', alias: '' } });
    await bed.ready(namespace, 'db');
    expect(Object.keys(await secretData(bed, namespace, 'db-influx'))).toEqual(['METRICS_URL']);
  });
});

test('an operator that crashes right after it has patched an app: still one rollout', async () => {
  await operator.stop();
  const namespace = await bed.namespace('crash');
  await apply(namespace, manifest('Deployment', {}));
  const { promise: patched, resolve } = Promise.withResolvers<void>();
  let dead = false;
  const wrap = (inner: Transport): Transport => ({
    request: async (request) => {
      if (dead) throw new ApiError({ code: 0, reason: 'Aborted', message: 'killed' });
      const answer = await inner.request(request);
      if (request.method === 'PATCH' && request.path.includes('/deployments/')) {
        dead = true;
        resolve();
        throw new ApiError({ code: 0, reason: 'Aborted', message: 'killed' });
      }
      return answer;
    },
    watch: (request) => inner.watch(request),
    close: () => inner.close(),
  });
  const crashing = await bed.startOperator({ wrap });
  await bed.addon(namespace, 'db', { apps: [{ name: 'web', env: 'Inject' }] });
  await patched;
  await crashing.kill();
  operator = await bed.startOperator();
  await apps(namespace, 'Current');
  await atRest(bed, namespace, 'db');
  const sets = await bed.client.list(ReplicaSet, { namespace });
  expect(sets.items).toHaveLength(2);
  expect(variablesOf(await read(namespace))).toEqual({ web: BOTH });
});

/** A ready addon with its apps bound and rolled out. */
async function bound(namespace: string, spec: Partial<InfluxAddonSpec>): Promise<void> {
  await bed.addon(namespace, 'db', spec);
  await apps(namespace, 'Current');
}

async function apps(namespace: string, reason: string, name = 'db'): Promise<Live<InfluxAddon>> {
  return await bed.until(namespace, name, `AppsCurrent with reason ${reason}`, (addon) => {
    const found = condition(addon, 'AppsCurrent');
    return found?.reason === reason && found.observedGeneration === addon.metadata.generation;
  });
}

/** The variables are where they should be, and the status says so. */
async function injected(
  namespace: string,
  wanted: Record<string, string[]>,
  kind?: 'Deployment' | 'DaemonSet',
): Promise<void> {
  let now: Record<string, string[]> = {};
  await eventually('the variables', async () => {
    now = variablesOf(await read(namespace, kind));
    return JSON.stringify(now) === JSON.stringify(wanted);
  }).catch(() => expect(now).toEqual(wanted));
  await apps(namespace, 'Current');
}

async function edit(namespace: string, spec: object): Promise<void> {
  await bed.client.patch(InfluxAddon, { namespace, name: 'db' }, { spec }, { type: 'merge' });
}

async function apply(namespace: string, object: App): Promise<void> {
  await clients.kubectl(namespace, ['apply', '-f', '-'], object);
}

async function read(namespace: string, kind = 'Deployment'): Promise<Live<App> & { status?: unknown }> {
  const app = await bed.client.get(KINDS[kind] ?? (Deployment as unknown as Kind<App>), {
    namespace,
    name: 'web',
  });
  if (app === undefined) throw new Error(`there is no ${kind} web in ${namespace}`);
  return app;
}

/** Names of the variables that come from a Secret, by container, init containers first. */
function variablesOf(app: App): Record<string, string[]> {
  const { containers, initContainers = [] } = app.spec.template.spec;
  return Object.fromEntries(
    [...initContainers, ...containers].map(({ name, env = [] }) => [
      name,
      env.filter(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined).map((each) => each.name),
    ]),
  );
}

function manifest(
  kind: 'Deployment' | 'StatefulSet' | 'DaemonSet',
  {
    containers = ['web'],
    init,
    env,
    image = 'web:1',
  }: { containers?: string[]; init?: string[]; env?: Container['env']; image?: string },
): App {
  const labels = { app: 'web' };
  const of = (names: string[]): Container[] =>
    names.map((name) => ({ name, image, ...(env === undefined ? {} : { env }) }));
  const spec = { containers: of(containers), ...(init === undefined ? {} : { initContainers: of(init) }) };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: labels },
      ...(kind === 'StatefulSet' ? { serviceName: 'web' } : {}),
      template: { metadata: { labels }, spec },
    },
  } as unknown as App;
}
