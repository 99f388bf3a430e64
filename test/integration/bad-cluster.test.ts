import { describe, expect, test } from 'vitest';
import { plans } from '../../src/api/catalogue.ts';
import type { InfluxAddon as Addon, InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon, InfluxPlan } from '../../src/api/kinds.ts';
import {
  Deployment,
  Event,
  type Kind,
  Namespace,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  StatefulSet,
  StorageClass,
} from '../../src/kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../src/kube/objects/types.ts';
import { edit, isSettled, NAME, podUid, withApp } from './changing.ts';
import { childOf, eventually, namespaceGone, readChildren, type Slot } from './children.ts';
import { condition, OPERATOR_USER, type OperatorBed } from './operator-bed.ts';
import { stalled } from './stalled.ts';
import { slug } from './sweeps/sweep.ts';
import { LimitRange, PriorityClass } from './cluster-kinds.ts';
import { SteppedClock } from '../cluster/stepped-clock.ts';
import { withOperatorBed } from './with-bed.ts';

/** A refused write is tried again every half a minute, by itself. */
const ITSELF_MS = 30_000;
/** Waited for by the operator before it asks for events. */
const ASKS_MS = 8_000;

let bed: OperatorBed;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);

/** A namespace with an operator of its own, whose time is nobody else's: what it does by itself, it does when told. */
async function ownOperator(name: string, clock = new SteppedClock()) {
  const namespace = await bed.namespace(name);
  const { idle } = await bed.startOperator({ only: namespace, clock });
  return {
    namespace,
    /** Lets time pass; all that was due before is done by then. */
    pass: async (ms: number) => {
      await idle();
      clock.skip(ms);
      await idle();
    },
  };
}

/** Requests of the operator in a namespace that were refused. */
async function refusals(namespace: string) {
  const entries = await bed.plane.auditEntries({ user: OPERATOR_USER });
  // A list before new rights have arrived everywhere is refused, too: that is no try.
  const isWrite = (verb: string) => !['get', 'list', 'watch'].includes(verb);
  return entries.filter(
    ({ verb, code, ...entry }) => entry.namespace === namespace && code === 403 && isWrite(verb),
  );
}

describe('an object of a derived name that the operator did not make is left alone', () => {
  test.concurrent.each<Slot>([
    'adminSecret',
    'urlSecret',
    'bindingSecret',
    'service',
    'statefulSet',
    'claim',
    'networkPolicy',
  ])('%s', async (slot) => {
    const { namespace, pass } = await ownOperator(`foreign-${slot.toLowerCase()}`);
    const { kind, name } = childOf('db', slot);
    const made = await bed.client.create(kind, foreign(slot, namespace, name));
    await bed.addon(namespace, 'db');
    const addon = await stalled(bed, namespace, 'db', 'NameConflict');
    const message = condition(addon, 'Stalled')?.message;
    expect(message).toContain(`${kind.kind} ${name} exists and was not made by this operator`);
    expect(message).toMatch(/Delete or rename it/);
    const pod = await bed.client.get(StatefulSet, { namespace, name: 'db-influx' });
    if (slot !== 'statefulSet') expect(pod, 'nothing is started beside it').toBeUndefined();
    expect(await bed.client.get(kind, { namespace, name })).toMatchObject({
      metadata: { uid: made.metadata.uid, labels: made.metadata.labels },
    });
    // Its own controllers may write to it; we tried to make it, and nothing else.
    const entries = await bed.plane.auditEntries({ user: OPERATOR_USER });
    const written = entries.filter(
      (each) =>
        each.namespace === namespace &&
        each.resource === kind.plural &&
        (each.name ?? name) === name &&
        !['get', 'list', 'watch'].includes(each.verb) &&
        each.code < 300,
    );
    expect(written).toEqual([]);

    await bed.client.delete(kind, { namespace, name });
    await eventually(
      'its end',
      async () => (await bed.client.get(kind, { namespace, name }))?.metadata.uid !== made.metadata.uid,
    );
    await pass(ITSELF_MS);
    await bed.ready(namespace, 'db');
    const others = Object.values(await readChildren(bed, namespace, 'db'));
    expect(others).toHaveLength(7);
  });
});

describe('what the cluster does not have or allow', () => {
  test.concurrent('a storage class that does not exist; then it is made', async () => {
    const { namespace } = await ownOperator('no-such-class');
    const [plan] = plans;
    if (plan === undefined) throw new Error('the catalogue is empty');
    await bed.client.create(InfluxPlan, {
      metadata: { name: 'classy' },
      spec: { ...plan.spec, storage: { ...plan.spec.storage, className: 'made-later' } },
    });
    await bed.addon(namespace, 'db', { plan: 'classy' });
    const addon = await stalled(bed, namespace, 'db', 'UnknownStorageClass');
    expect(condition(addon, 'Stalled')?.message).toMatch(
      /storage class made-later does not exist.*make it, or choose another plan/,
    );
    const like = await bed.client.get(StorageClass, { name: 'fake' });
    await bed.client.create(StorageClass, {
      metadata: { name: 'made-later' },
      provisioner: like?.provisioner ?? '',
    });
    await eventually(
      'the refusal to be taken back',
      async () => condition(await bed.get(namespace, 'db'), 'Stalled')?.status === 'False',
    );
  });

  test.concurrent('an image that cannot be pulled; then it can', async () => {
    const { namespace } = await ownOperator('no-image');
    const takeBack = bed.kubelet.rule({
      match: (pod) => pod.metadata.namespace === namespace,
      behave: 'ImagePullError',
    });
    await bed.addon(namespace, 'db');
    const addon = await bed.until(
      namespace,
      'db',
      'degraded',
      (each) => condition(each, 'Ready')?.reason === 'Degraded',
    );
    expect(condition(addon, 'Ready')?.message).toMatch(
      /^The image influxdb:1\.8\.10 cannot be pulled: .*not found/,
    );
    takeBack();
    await bed.ready(namespace, 'db');
  });

  test.concurrent.each([
    ['secrets', 'count/secrets'],
    ['claims', 'persistentvolumeclaims'],
  ])(
    'a quota on %s: one try a minute or so, and healed by itself once it is raised',
    async (what, resource) => {
      const { namespace, pass } = await ownOperator(`quota-${what}`);
      await quota(namespace, resource, '0');
      await bed.addon(namespace, 'db');
      const addon = await stalled(bed, namespace, 'db', 'QuotaExceeded');
      expect(condition(addon, 'Stalled')?.message).toMatch(
        /A quota of the namespace refuses .* db-influx.*exceeded quota: small/,
      );
      await pass(ITSELF_MS - 2_000);
      const tries = await refusals(namespace);
      expect(tries.length, JSON.stringify(tries)).toBeLessThanOrEqual(2);
      await quota(namespace, resource, '50');
      await pass(ITSELF_MS);
      await bed.ready(namespace, 'db');
    },
  );

  test.concurrent('a quota on pods, of which only events tell', async () => {
    const { namespace, pass } = await ownOperator('quota-pods');
    await quota(namespace, 'pods', '0');
    await bed.addon(namespace, 'db');
    await eventually('the event that tells', async () => {
      const { items } = await bed.client.list(Event, { namespace });
      return items.some(({ note }) => note?.includes('exceeded quota'));
    });
    await pass(ASKS_MS);
    const addon = await stalled(bed, namespace, 'db', 'QuotaExceeded');
    expect(condition(addon, 'Stalled')?.message).toMatch(
      /A quota of the namespace is in the way: .*exceeded quota: small/,
    );
    const asked = await bed.plane.auditEntries({ user: OPERATOR_USER });
    const reads = asked.filter((each) => each.namespace === namespace && each.verb === 'list');
    expect(reads.filter(({ resource }) => resource === 'events').length).toBeLessThanOrEqual(4);
    await quota(namespace, 'pods', '50');
    await bed.ready(namespace, 'db');
  });

  test.concurrent.each(['Retain', 'Delete'] as const)(
    'a namespace that is deleted in the middle of provisioning (%s) goes, with few refused writes',
    async (deletionPolicy) => {
      const { namespace } = await ownOperator(`leaving-${deletionPolicy.toLowerCase()}`);
      await bed.addon(namespace, 'db', { deletionPolicy });
      await eventually(
        'the first child',
        async () => Object.keys(await readChildren(bed, namespace, 'db')).length > 0,
      );
      await bed.client.delete(Namespace, { name: namespace });
      await namespaceGone(bed, namespace);
      const refused = (await refusals(namespace)).filter(({ resource }) => resource !== 'events');
      expect(refused.length, JSON.stringify(refused)).toBeLessThanOrEqual(5);
    },
  );
});

/** Kinds of a change that is refused when the running database is to be stopped for it. */
const refusedChanges: readonly {
  readonly name: string;
  readonly spoil: (namespace: string) => Promise<unknown>;
  readonly to: Partial<InfluxAddonSpec>;
  readonly message: RegExp;
  readonly mend: (namespace: string) => Promise<unknown>;
  /** Once there is another pod. */
  readonly after?: (namespace: string) => Promise<unknown>;
}[] = [
  {
    name: 'a LimitRange for pods',
    spoil: (namespace) => limitRange(namespace, 'Pod', { memory: '768Mi' }),
    to: { plan: '1g' },
    message: /refuses Pod my-app-influx-0.*maximum memory usage per Pod is 768Mi/,
    mend: (namespace) => bed.client.delete(LimitRange, { namespace, name: 'small' }),
  },
  {
    name: 'a LimitRange for volumes',
    spoil: (namespace) => limitRange(namespace, 'PersistentVolumeClaim', { storage: '15Gi' }),
    to: { plan: '1g' },
    message: /refuses PersistentVolumeClaim my-app-influx-data.*maximum storage usage/,
    mend: (namespace) => bed.client.delete(LimitRange, { namespace, name: 'small' }),
  },
  {
    name: 'a PriorityClass that does not exist',
    spoil: () => Promise.resolve(),
    to: { placement: { priorityClassName: 'made-later' } },
    message: /refuses Pod my-app-influx-0.*no PriorityClass with name made-later was found/,
    mend: () => bed.client.create(PriorityClass, { metadata: { name: 'made-later' }, value: 1 }),
  },
  {
    name: 'a quota; the share of the pod that leaves is taken off',
    spoil: (namespace) => quota(namespace, 'limits.memory', '900Mi'),
    to: { plan: '1g' },
    message: /quota of the namespace refuses Pod my-app-influx-0.*exceeded quota: small/,
    mend: (namespace) => quota(namespace, 'limits.memory', '1Gi'),
    // The pods of the app have no limits, which such a quota does not take.
    after: (namespace) => bed.client.delete(ResourceQuota, { namespace, name: 'small' }),
  },
];

describe.concurrent('a change that the cluster refuses stops no database that runs', () => {
  test.for(refusedChanges)('$name', async ({ name, spoil, to, message, mend, after }) => {
    const { namespace, pass } = await ownOperator(slug(name));
    await withApp(bed, namespace, { plan: '512m' });
    await spoil(namespace);
    const pod = await podUid(bed, namespace);
    const app = () => bed.client.get(Deployment, { namespace, name: 'web' });
    const web = (await app())?.metadata.generation;
    const since = Date.now();
    await edit(bed, namespace, to);
    const isTold = (addon: Live<Addon>) =>
      condition(addon, 'Stalled')?.status === 'True' &&
      addon.status?.observedGeneration === addon.metadata.generation;
    const addon = await bed.until(namespace, NAME, 'refused', isTold);
    expect(condition(addon, 'Stalled')?.message).toMatch(message);
    expect(condition(addon, 'Available')?.status).toBe('True');
    expect(addon.status?.plan).toBe('512m');
    expect(await bed.writes(namespace, since), 'one status').toEqual(['patch influxaddons/status']);
    expect(await podUid(bed, namespace)).toBe(pod);

    await mend(namespace);
    await pass(ITSELF_MS);
    await eventually('another pod', async () => ![pod, ''].includes(await podUid(bed, namespace)));
    await after?.(namespace);
    const { plan = '512m' } = to;
    await bed.until(namespace, NAME, 'changed', (each) => isSettled(each) && each.status?.plan === plan);
    expect(await podUid(bed, namespace)).not.toBe(pod);
    expect((await app())?.metadata.generation).toBe((web ?? 0) + (to.plan === undefined ? 0 : 1));
  });

  test('going back to what was in force costs a status and nothing else', async () => {
    const { namespace } = await ownOperator('back-again');
    await withApp(bed, namespace, { plan: '512m' });
    const pod = await podUid(bed, namespace);
    await edit(bed, namespace, { placement: { priorityClassName: 'never-made' } });
    await stalled(bed, namespace, NAME, 'Forbidden');
    const since = Date.now();
    await bed.client.patch(
      InfluxAddon,
      { namespace, name: NAME },
      { spec: { placement: null } },
      { type: 'merge' },
    );
    await bed.until(namespace, NAME, 'ready', isSettled);
    expect(await bed.writes(namespace, since)).toEqual(['patch influxaddons/status']);
    expect(await podUid(bed, namespace)).toBe(pod);
  });
});

// Alone, after the others: it changes what they all use.
test('a cluster without a default storage class: the message says so, and marking one helps', async () => {
  const mark = async (value: 'true' | 'false') => {
    const metadata = { annotations: { 'storageclass.kubernetes.io/is-default-class': value } };
    await bed.client.patch(StorageClass, { name: 'fake' }, { metadata }, { type: 'merge' });
  };
  await mark('false');
  try {
    const { namespace } = await ownOperator('no-default-class');
    await bed.addon(namespace, 'db');
    const addon = await stalled(bed, namespace, 'db', 'UnknownStorageClass');
    expect(condition(addon, 'Stalled')?.message).toMatch(
      /no storage class and the cluster has no default one: mark one/,
    );
    await mark('true');
    await bed.ready(namespace, 'db');
  } finally {
    await mark('true');
  }
});

/** Made, and heard of by the API server. */
async function limitRange(namespace: string, type: string, max: Record<string, string>): Promise<void> {
  await bed.client.create(LimitRange, {
    metadata: { namespace, name: 'small' },
    spec: { limits: [{ type, max }] },
  });
  const [resource = '', amount = ''] = Object.entries(max)[0] ?? [];
  const isClaim = type === 'PersistentVolumeClaim';
  const tooLarge = isClaim
    ? { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { [resource]: '100Gi' } } } }
    : { spec: { containers: [{ name: 'c', image: 'i', resources: { limits: { [resource]: '100Gi' } } }] } };
  const object = { metadata: { namespace, name: 'probe' }, ...tooLarge } as KubeObject;
  const kind = (isClaim ? PersistentVolumeClaim : Pod) as Kind<KubeObject>;
  await eventually(`${resource} above ${amount} to be refused`, () =>
    bed.client.dryRun('create', kind, object).then(
      () => false,
      () => true,
    ),
  );
}

/** Sets the quota of a namespace, and waits until it is in force. */
async function quota(namespace: string, resource: string, amount: string): Promise<void> {
  const object = { metadata: { namespace, name: 'small' }, spec: { hard: { [resource]: amount } } };
  await bed.client.apply(ResourceQuota, object);
  await eventually('the quota to be in force', async () => {
    const live = await bed.client.get(ResourceQuota, { namespace, name: 'small' });
    return live?.status?.hard?.[resource] === amount;
  });
}

/** What somebody else may have under that name. */
function foreign(slot: Slot, namespace: string, name: string): KubeObject {
  const metadata = { namespace, name, labels: { team: 'other' } };
  const selector = { matchLabels: { app: 'other' } };
  const container = { name: 'other', image: 'other:1' };
  const bodies: Record<string, object> = {
    service: { spec: { selector: { app: 'other' }, ports: [{ port: 80 }] } },
    statefulSet: {
      spec: {
        replicas: 0,
        serviceName: 'other',
        selector,
        template: { metadata: { labels: selector.matchLabels }, spec: { containers: [container] } },
      },
    },
    claim: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    networkPolicy: { spec: { podSelector: selector, policyTypes: ['Ingress'] } },
  };
  return { metadata, ...(bodies[slot] ?? { stringData: { theirs: 'value' } }) } as KubeObject;
}
