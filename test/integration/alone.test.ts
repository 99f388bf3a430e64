import { beforeAll, expect, test } from 'vitest';
import { LOCK_LEASE } from '../../src/operator/leadership.ts';
import { Deployment, Lease, NetworkPolicy, Secret } from '../../src/kube/objects/kinds.ts';
import { appOf } from './app.ts';
import { eventually } from './children.ts';
import { condition, isReady, OPERATOR_NAMESPACE, OPERATOR_USER, type OperatorBed } from './operator-bed.ts';
import { OperatorProcess } from './operator-process.ts';
import { allowSecond, SECOND } from './second-operator.ts';
import { withOperatorBed } from './with-bed.ts';

const LOCK = { namespace: 'kube-system', name: LOCK_LEASE };
const FIRST_FLAGS = [`--pod-namespace=${OPERATOR_NAMESPACE}`, '--installation=first'];
const FLAGS = ['--lease-seconds=6', '--webhook-port=0', '--log-format=json'];

let bed: OperatorBed;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { users: [SECOND.user] },
);
beforeAll(async () => await allowSecond(bed.client));

test('of two installations for the same namespaces the second writes nothing, says by whom, and leads after the first', async () => {
  await using first = await start(OPERATOR_USER, FIRST_FLAGS);
  for (const [namespace, mode] of [
    ['plain', 'Disabled'],
    ['secure', 'Required'],
  ] as const) {
    await bed.client.create(Deployment, appOf(await bed.namespace(namespace)));
    await bed.addon(namespace, 'my-app', { apps: [{ name: 'web', env: 'Inject' }], tls: { mode } });
  }
  for (const namespace of ['plain', 'secure']) await settled(namespace);
  const before = await whatFlips();
  const holder = await lockHolder();
  expect(holder).toMatch(new RegExp(`^${OPERATOR_NAMESPACE}/first/.+_[0-9a-f-]{36}$`));

  // Ready, as start() waits for that: a standby answers reviews, too.
  const since = Date.now();
  await using second = await start(SECOND.user, SECOND.flags);
  await eventually('the second to tell of the first', async () =>
    (await second.metrics()).includes(`influxaddon_standby{because="installation",holder="${holder}"} 1`),
  );
  expect(second.output).toContain('another installation operates the same namespaces');
  expect(second.output).toContain(holder);
  // Whatever a leader would have done on its own it would have done while this is being made.
  await bed.addon(await bed.namespace('late'), 'my-app', { tls: { mode: 'Required' } });
  await bed.ready('late', 'my-app');
  expect(await first.metrics()).toMatch(/^influxaddon_leader 1$/m);
  expect(await second.metrics()).toMatch(/^influxaddon_leader 0$/m);
  expect(await whatFlips()).toEqual(before);
  expect(await writesOf(SECOND.user, since)).toEqual([]);

  await first[Symbol.asyncDispose]();
  await eventually('the second to lead', async () => /^influxaddon_leader 1$/m.test(await second.metrics()));
  expect(await lockHolder()).toMatch(/^second-system\/second\//);
  expect(await second.metrics()).not.toContain('influxaddon_standby{');
  await bed.addon('late', 'after');
  await bed.ready('late', 'after');
  await settled('secure');
});

test('where the lock is forbidden it says so, and leads by its own Lease', async () => {
  await using operator = await start(OPERATOR_USER, [...FIRST_FLAGS, '--lock-namespace=default']);
  await eventually('it to lead', async () => /^influxaddon_leader 1$/m.test(await operator.metrics()));
  expect(await operator.metrics()).toMatch(/^influxaddon_without_lock 1$/m);
  expect(operator.output).toContain('leads without this Lease: it is forbidden');
});

test('installations for different namespaces lead side by side', async () => {
  const own = (flags: readonly string[], namespace: string) => [...flags, `--watch-namespace=${namespace}`];
  await using first = await start(OPERATOR_USER, own(FIRST_FLAGS, OPERATOR_NAMESPACE));
  await using second = await start(SECOND.user, own(SECOND.flags, SECOND.namespace));
  for (const each of [first, second])
    await eventually('each to lead', async () => /^influxaddon_leader 1$/m.test(await each.metrics()));
  const lock = await bed.client.get(Lease, { ...LOCK, namespace: SECOND.namespace });
  expect(lock?.spec?.holderIdentity).toMatch(/^second-system\/second\//);
});

async function start(user: string, flags: readonly string[]): Promise<OperatorProcess> {
  return await OperatorProcess.start(await bed.plane.userKubeconfig(user), [...FLAGS, ...flags]);
}

async function settled(namespace: string): Promise<void> {
  await bed.until(
    namespace,
    'my-app',
    'settled',
    (addon) => isReady(addon) && condition(addon, 'AppsCurrent')?.status === 'True',
  );
}

/** What two leaders write in turn: each has an authority, and a namespace, of its own. */
async function whatFlips() {
  return await Promise.all(
    ['plain', 'secure'].map(async (namespace) => {
      const tls = await bed.client.get(Secret, { namespace, name: 'my-app-influx-tls' });
      const policy = await bed.client.get(NetworkPolicy, { namespace, name: 'my-app-influx' });
      const web = await bed.client.get(Deployment, { namespace, name: 'web' });
      return {
        tls: tls?.metadata.resourceVersion,
        policy: policy?.metadata.resourceVersion,
        web: web?.metadata.generation,
      };
    }),
  );
}

async function writesOf(user: string, since: number): Promise<string[]> {
  const entries = await bed.plane.auditEntries({ user, since });
  return entries
    .filter(({ verb, resource }) => !['get', 'list', 'watch'].includes(verb) && resource !== 'leases')
    .map(({ verb, resource, namespace, name }) => `${verb} ${resource} ${namespace}/${name}`);
}

async function lockHolder(): Promise<string> {
  return (await bed.client.get(Lease, LOCK))?.spec?.holderIdentity ?? '';
}
