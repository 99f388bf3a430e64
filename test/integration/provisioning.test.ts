import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { CHILDREN } from '../../src/addon/resources/index.ts';
import { Deployment, Event } from '../../src/kube/kinds.ts';
import { appOf } from './app.ts';
import { queryAsAdmin, queryThroughUrl, secretData } from './database.ts';
import { condition, OPERATOR_USER, type OperatorBed, startOperatorBed } from './operator-bed.ts';

/** Those with a builder, and the Secret with the certificate. */
const CHILD_COUNT = CHILDREN.length + 1;

let bed: OperatorBed;
beforeAll(async () => {
  bed = await startOperatorBed();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

describe('one addon', () => {
  test('ends with one database, one user and a URL that works, at no more than children + 4 writes and 4 events', async () => {
    await using _ = stopping(await bed.startOperator());
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

    await delay(1_000);
    const counts = await bed.plane.auditCounts(OPERATOR_USER, since);
    expect(counts.writes, JSON.stringify(counts.by)).toBeLessThanOrEqual(CHILD_COUNT + 4);
    expect(counts.events).toBeLessThanOrEqual(4);
  });

  test('with an app to inject into, the app is restarted exactly once, within the same number of writes', async () => {
    await using _ = stopping(await bed.startOperator());
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
    await delay(1_000);

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
    const counts = await bed.plane.auditCounts(OPERATOR_USER, since);
    expect(counts.writes, JSON.stringify(counts.by)).toBeLessThanOrEqual(CHILD_COUNT + 4);
    expect(counts.events).toBeLessThanOrEqual(4);
  });

  test('an edit that changes nothing costs one write of status, and a restart of the operator none', async () => {
    const first = await bed.startOperator();
    const namespace = await bed.namespace('no-op');
    await bed.addon(namespace, 'my-app');
    await bed.ready(namespace, 'my-app');
    const since = Date.now();
    await bed.client.patch(
      InfluxAddon,
      { namespace, name: 'my-app' },
      { spec: { state: 'Running' } },
      { type: 'merge' },
    );
    await bed.ready(namespace, 'my-app');
    await delay(500);
    const edited = await bed.plane.auditCounts(OPERATOR_USER, since);
    expect(edited.by['patch influxaddons/status']).toBe(1);
    expect(edited.writes).toBe(1);

    await first.stop();
    const restarted = Date.now();
    await using second = stopping(await bed.startOperator());
    await second.operator.operator.stores.addons.synced;
    await delay(2_000);
    expect((await bed.plane.auditCounts(OPERATOR_USER, restarted)).writes).toBe(0);
  });
});

describe('many addons', () => {
  test('100 at once all become ready, none with more than its writes; then 50 of them cost nothing for a minute', async () => {
    await using _ = stopping(await bed.startOperator());
    const namespace = await bed.namespace('crowd');
    const names = Array.from({ length: 100 }, (_each, index) => `db-${index}`);
    const since = Date.now();
    await Promise.all(names.map((name) => bed.addon(namespace, name)));
    await Promise.all(names.map((name) => bed.ready(namespace, name, 90_000)));
    await delay(2_000);
    const entries = await bed.plane.auditEntries({ user: OPERATOR_USER, since });
    const writes = entries.filter(
      ({ verb, resource }) => !['get', 'list', 'watch'].includes(verb) && resource !== 'events',
    );
    for (const name of names) {
      const own = writes.filter((entry) => entry.name === name || entry.name?.startsWith(`${name}-influx`));
      expect(
        own.length,
        `${name}: ${own.map((entry) => `${entry.verb} ${entry.resource} ${entry.code}`).join(', ')}`,
      ).toBeLessThanOrEqual(CHILD_COUNT + 4);
    }

    await Promise.all(names.slice(50).map((name) => bed.client.delete(InfluxAddon, { namespace, name })));
    await delay(10_000); // deletions and what they set off are over
    const quiet = Date.now();
    await delay(60_000);
    const counts = await bed.plane.auditCounts(OPERATOR_USER, quiet);
    const watches = Object.entries(counts.by)
      .filter(([what]) => what.startsWith('watch '))
      .reduce((sum, [, count]) => sum + count, 0);
    expect(counts.writes, JSON.stringify(counts.by)).toBe(0);
    expect(counts.reads - watches, JSON.stringify(counts.by)).toBe(0);

    await bed.client.patch(
      InfluxAddon,
      { namespace, name: 'db-7' },
      { spec: { state: 'Stopped' } },
      { type: 'merge' },
    );
    await bed.until(
      namespace,
      'db-7',
      'acted on within 2 s',
      (addon) => condition(addon, 'Ready')?.reason?.startsWith('Stop') === true,
      2_000,
    );
  }, 300_000);
});

test('the events of a provisioning tell its story', async () => {
  await using _ = stopping(await bed.startOperator());
  const namespace = await bed.namespace('story');
  await bed.addon(namespace, 'my-app');
  await bed.ready(namespace, 'my-app');
  await delay(1_000);
  const { items } = await bed.client.list(Event, { namespace });
  const reasons = items
    .filter((event) => event.regarding?.kind === 'InfluxAddon')
    .map((event) => event.reason ?? '');
  expect(reasons.toSorted()).toEqual(['DatabaseReady', 'Provisioning']);
});

function stopping<T extends { stop(): Promise<void> }>(operator: T): AsyncDisposable & { operator: T } {
  return { operator, [Symbol.asyncDispose]: () => operator.stop() };
}
