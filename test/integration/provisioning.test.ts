import { describe, expect, test } from 'vitest';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { CHILDREN } from '../../src/addon/children/index.ts';
import { Deployment, Event, Pod } from '../../src/kube/objects/kinds.ts';
import { pick } from '../size.ts';
import { appOf } from './app.ts';
import { eventually, readChildren } from './children.ts';
import { queryAsAdmin, queryThroughUrl, secretData } from './database.ts';
import { condition, OPERATOR_USER, type OperatorBed } from './operator-bed.ts';
import { atRest } from './rest.ts';
import { withOperatorBed } from './with-bed.ts';

/** Each child once: those with a builder, the Secret with the certificate, and the operator's rights. */
const CREATIONS = [
  ...CHILDREN.filter(({ slot }) => slot !== 'externalService').map(({ kind }) => `create ${kind.plural}`),
  'create secrets',
  'create rolebindings',
].toSorted();
const STATUS = 'patch influxaddons/status';
/** An addon that is new, that waits for its pod, and that is ready; one more where it waits for long. */
const STATUSES = 4;
const CROWD = pick(20, 100);

let bed: OperatorBed;
withOperatorBed((started) => {
  bed = started;
});

/** What the operator wrote to a namespace, its statuses apart: of these, time decides how many there are. */
async function written(namespace: string, since: number) {
  const all = await bed.writes(namespace, since);
  const others = all.filter((each) => each !== STATUS).toSorted();
  return { others, statuses: all.length - others.length };
}

async function eventsWritten(namespace: string, since: number): Promise<number> {
  const entries = await bed.plane.auditEntries({ user: OPERATOR_USER, since });
  return entries.filter((entry) => entry.resource === 'events' && entry.namespace === namespace).length;
}

describe('one addon', () => {
  test('ends with one database, one user and a URL that works, each child written once, and no more than 4 events', async () => {
    await bed.startOperator();
    const namespace = await bed.namespace('one');
    const since = Date.now();
    await bed.addon(namespace, 'my-app');
    const addon = await bed.ready(namespace, 'my-app');

    expect(addon.status?.id).toMatch(/^my_app_\d{4}$/);
    expect(addon.status).toMatchObject({
      plan: '512m',
      version: '1.8.10',
      urlSecret: 'my-app-influx',
      binding: { name: 'my-app-influx-binding' },
    });
    expect(condition(addon, 'Available')?.status).toBe('True');
    expect(condition(addon, 'Stalled')?.status).toBe('False');
    const answer = await queryThroughUrl(bed, namespace, 'my-app', 'SHOW DATABASES');
    expect(answer).toMatchObject({ status: 200, body: expect.stringContaining(addon.status?.id ?? 'no id') });
    const users = await queryAsAdmin(bed, namespace, 'my-app', 'SHOW USERS');
    expect(JSON.parse(users.body)).toMatchObject({
      results: [
        {
          series: [
            {
              values: [
                ['admin', true],
                [addon.status?.id, false],
              ],
            },
          ],
        },
      ],
    });
    const url = await secretData(bed, namespace, 'my-app-influx');
    expect(Object.keys(url).toSorted()).toEqual(['INFLUX_URL', 'SCALINGO_INFLUX_URL']);

    await atRest(bed, namespace, 'my-app');
    const { others, statuses } = await written(namespace, since);
    expect(others).toEqual(CREATIONS);
    expect(statuses).toBeLessThanOrEqual(STATUSES);
    expect(await eventsWritten(namespace, since)).toBeLessThanOrEqual(4);
  });

  test('with an app to inject into, the app is restarted exactly once, by one write to it', async () => {
    await bed.startOperator();
    const namespace = await bed.namespace('inject');
    await bed.client.create(Deployment, appOf(namespace));
    const since = Date.now();
    await bed.addon(namespace, 'my-app', { apps: [{ name: 'web', env: 'Inject' }] });
    const addon = await bed.until(
      namespace,
      'my-app',
      'ready with its app',
      (each) => condition(each, 'AppsCurrent')?.status === 'True',
    );
    await atRest(bed, namespace, 'my-app');

    const web = await bed.client.get(Deployment, { namespace, name: 'web' });
    expect(web?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
    expect(addon.status?.apps).toMatchObject([
      {
        kind: 'Deployment',
        name: 'web',
        revision: web?.spec?.template.metadata?.annotations?.['restarted-for.influxaddon.dev/my-app'],
      },
    ]);
    expect(addon.status?.appsReady).toBe('1/1');
    const env = web?.spec?.template.spec?.containers[0]?.env?.map(({ name, valueFrom }) => [
      name,
      valueFrom?.secretKeyRef?.name,
    ]);
    expect(env).toEqual([
      ['SCALINGO_INFLUX_URL', 'my-app-influx'],
      ['INFLUX_URL', 'my-app-influx'],
    ]);
    const { others, statuses } = await written(namespace, since);
    // The variables, and the finalizer without which they could not be taken out again.
    expect(others).toEqual([...CREATIONS, 'patch deployments', 'patch influxaddons'].toSorted());
    expect(statuses).toBeLessThanOrEqual(STATUSES);
    expect(await eventsWritten(namespace, since)).toBeLessThanOrEqual(4);
  });

  test('an edit that changes nothing costs one write of status, and a restart of the operator none', async () => {
    const first = await bed.startOperator();
    const namespace = await bed.namespace('no-op');
    await bed.addon(namespace, 'my-app');
    await bed.ready(namespace, 'my-app');
    await atRest(bed, namespace, 'my-app');
    const since = Date.now();
    await bed.client.patch(
      InfluxAddon,
      { namespace, name: 'my-app' },
      { spec: { state: 'Running' } },
      { type: 'merge' },
    );
    await bed.ready(namespace, 'my-app');
    await atRest(bed, namespace, 'my-app');
    expect(await bed.writes(namespace, since)).toEqual([STATUS]);

    await first.stop();
    const restarted = Date.now();
    await bed.startOperator();
    await atRest(bed, namespace, 'my-app');
    expect(await bed.writes(namespace, restarted)).toEqual([]);
  });
});

describe('many addons', () => {
  test(`${CROWD} at once all become ready, each child written once; then half of them cost nothing for a minute`, async () => {
    const { idle } = await bed.startOperator();
    const namespace = await bed.namespace('crowd');
    const names = Array.from({ length: CROWD }, (_each, index) => `db-${index}`);
    const since = Date.now();
    await Promise.all(names.map((name) => bed.addon(namespace, name)));
    await Promise.all(names.map((name) => bed.ready(namespace, name)));
    await atRest(bed, namespace, 'db-0');
    const entries = await bed.plane.auditEntries({ user: OPERATOR_USER, since });
    for (const name of names) {
      const own = entries
        .filter((entry) => entry.name === name || entry.name?.startsWith(`${name}-influx`))
        .filter(({ verb, resource, code }) => !READS.has(verb) && resource !== 'events' && code < 300)
        .map(({ verb, resource, subresource }) =>
          [`${verb} ${resource}`, subresource].filter(Boolean).join('/'),
        );
      const others = own.filter((each) => each !== STATUS);
      expect(others.toSorted(), name).toEqual(CREATIONS);
      expect(own.length - others.length, name).toBeLessThanOrEqual(STATUSES);
    }

    const [left, gone] = [names.slice(0, CROWD / 2), names.slice(CROWD / 2)];
    await Promise.all(gone.map((name) => bed.client.delete(InfluxAddon, { namespace, name })));
    for (const name of gone)
      await eventually(
        `${name} and what it owns to be gone`,
        async () =>
          (await bed.client.get(InfluxAddon, { namespace, name })) === undefined &&
          Object.values(await readChildren(bed, namespace, name)).every(
            ({ metadata }) => metadata.ownerReferences === undefined,
          ),
      );
    await eventually(
      'their pods to be gone',
      async () => (await bed.client.list(Pod, { namespace })).items.length === left.length,
    );
    for (const name of left) await atRest(bed, namespace, name);
    const quiet = Date.now();
    const end = bed.clock.monotonic() + 60_000;
    await bed.lapse('the end of the minute', 61_000, async () => bed.clock.monotonic() >= end);
    await idle();
    const requests = await bed.plane.auditEntries({ user: OPERATOR_USER, since: quiet });
    expect(requests.filter(({ verb }) => verb !== 'watch')).toEqual([]);

    await bed.client.patch(
      InfluxAddon,
      { namespace, name: 'db-7' },
      { spec: { state: 'Stopped' } },
      { type: 'merge' },
    );
    await bed.until(namespace, 'db-7', 'stopped', (addon) => addon.status?.state === 'Stopped');
  });
});

test('the events of a provisioning tell its story', async () => {
  await bed.startOperator();
  const namespace = await bed.namespace('story');
  await bed.addon(namespace, 'my-app');
  await bed.ready(namespace, 'my-app');
  const told = async () =>
    (await bed.client.list(Event, { namespace })).items
      .filter((event) => event.regarding?.kind === 'InfluxAddon')
      .map((event) => event.reason ?? '')
      .toSorted();
  await atRest(bed, namespace, 'my-app');
  // Events are written behind the work; when the operator has ended, all are.
  await bed.stopOperators();
  expect(await told()).toEqual(['DatabaseReady', 'Provisioning']);
});

const READS = new Set(['get', 'list', 'watch']);
