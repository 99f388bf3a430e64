import { expect, test } from 'vitest';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { PersistentVolumeClaim, Pod } from '../../src/kube/objects/kinds.ts';
import { queryThroughUrl } from './database.ts';
import { condition, isReady, type OperatorBed } from './operator-bed.ts';
import { atRest } from './rest.ts';
import { withOperatorBed } from './with-bed.ts';

const NAME = 'my-app';
const GiB = 2 ** 30;

let bed: OperatorBed;
withOperatorBed((started) => {
  bed = started;
});

async function choose(namespace: string, plan: string): Promise<void> {
  await bed.client.patch(InfluxAddon, { namespace, name: NAME }, { spec: { plan } }, { type: 'merge' });
}

async function podUid(namespace: string): Promise<string | undefined> {
  return (await bed.client.get(Pod, { namespace, name: `${NAME}-influx-0` }))?.metadata.uid;
}

async function claimUid(namespace: string): Promise<string> {
  const key = { namespace, name: `${NAME}-influx-data` };
  return (await bed.client.get(PersistentVolumeClaim, key))?.metadata.uid ?? '';
}

/** So many bytes of data in the database of the addon, beside what is written to it. */
async function fill(namespace: string, bytes: number): Promise<void> {
  const { id } = (await bed.get(namespace, NAME)).status ?? {};
  const database = bed.kubelet.engine.state(await claimUid(namespace)).databases.get(id ?? '');
  if (database === undefined) throw new Error('there is no database to be filled');
  database.ballastBytes = bytes;
}

test('a smaller plan is refused while the data exceeds it, and the database goes on untouched', async () => {
  const operator = await bed.startOperator();
  const namespace = await bed.namespace('too-large');
  await bed.addon(namespace, NAME, { plan: '1g' });
  await bed.ready(namespace, NAME);
  const pod = await podUid(namespace);
  await fill(namespace, 14.5 * GiB);
  await choose(namespace, '512m');
  const refused = await bed.until(
    namespace,
    NAME,
    'refused',
    (addon) => condition(addon, 'Stalled')?.status === 'True',
  );
  expect(condition(refused, 'Stalled')).toMatchObject({ reason: 'DataTooLarge' });
  const message = condition(refused, 'Stalled')?.message;
  expect(message).toContain('spec.plan: 512m has room for 10Gi of data, and the database holds 14.5 GiB');
  expect(message).toContain('allowed: 1g, 1g-business, 2g;');
  expect(condition(refused, 'Available')?.status).toBe('True');
  expect(refused.status?.plan).toBe('1g');

  // Nothing of it is kept in the operator's memory; and a pod that goes away changes nothing.
  await operator.kill();
  const back = bed.kubelet.rule({
    match: ({ metadata }) => metadata.namespace === namespace,
    behave: 'NeverReady',
  });
  await bed.client.delete(Pod, { namespace, name: `${NAME}-influx-0` }, { uid: pod ?? '' });
  const next = await bed.startOperator();
  const away = await bed.until(
    namespace,
    NAME,
    'away',
    (addon) => condition(addon, 'Available')?.status === 'False',
  );
  expect(condition(away, 'Stalled')).toMatchObject({ status: 'True', reason: 'DataTooLarge' });
  const successor = await podUid(namespace);
  back();
  const again = await bed.until(
    namespace,
    NAME,
    'refused again',
    (addon) => condition(addon, 'Available')?.status === 'True',
  );
  expect(condition(again, 'Stalled')).toMatchObject({ status: 'True', reason: 'DataTooLarge' });
  await atRest(bed, namespace, NAME);
  expect(await podUid(namespace)).toBe(successor);
  expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW DATABASES')).status).toBe(200);

  await fill(namespace, 9.5 * GiB);
  await next.stop();
  await bed.startOperator();
  const smaller = await bed.until(
    namespace,
    NAME,
    'smaller',
    (addon) => addon.status?.plan === '512m' && isReady(addon),
  );
  expect(smaller.status?.storage?.actual).toBe('20Gi');
  expect(condition(smaller, 'Stalled')?.status).toBe('False');
});

test('the size is asked for only by a smaller plan, and one of a database that does not answer is taken in the end', async () => {
  await bed.startOperator();
  const namespace = await bed.namespace('asked');
  await bed.addon(namespace, NAME, { plan: '512m' });
  await bed.ready(namespace, NAME);
  const volume = await claimUid(namespace);
  const asked = () =>
    bed.kubelet.engine
      .requests()
      .filter(({ path, storageKey }) => path === '/debug/vars' && storageKey === volume).length;
  await choose(namespace, '1g');
  await bed.until(namespace, NAME, 'larger', (addon) => addon.status?.plan === '1g' && isReady(addon));
  expect(asked()).toBe(0);
  await choose(namespace, '512m');
  await bed.until(namespace, NAME, 'smaller', (addon) => addon.status?.plan === '512m' && isReady(addon));
  expect(asked()).toBe(1);

  await choose(namespace, '1g');
  await bed.until(namespace, NAME, 'larger', (addon) => addon.status?.plan === '1g' && isReady(addon));
  bed.kubelet.engine.fault({
    match: ({ path, storageKey }) => path === '/debug/vars' && storageKey === volume,
    behave: 'Error500',
  });
  await choose(namespace, '512m');
  const waiting = await bed.until(
    namespace,
    NAME,
    'waiting',
    (addon) => condition(addon, 'Ready')?.reason === 'ChangingPlan',
  );
  expect(waiting.status?.plan).toBe('1g');
  expect(condition(waiting, 'Ready')?.message).toContain('Waiting for the size of the data');
  expect(condition(waiting, 'Available')?.status).toBe('True');
  // A minute is what a silent database is waited for; it is asked again every few seconds of it.
  await bed.lapse(
    'the smaller plan',
    70_000,
    async () => (await bed.get(namespace, NAME)).status?.plan === '512m',
  );
  await bed.ready(namespace, NAME);
});
