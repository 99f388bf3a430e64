import { describe, expect, test } from 'vitest';
import { Event, Secret } from '../../src/kube/objects/kinds.ts';
import { SteppedClock } from '../cluster/stepped-clock.ts';
import { pick } from '../size.ts';
import { eventually } from './children.ts';
import { queryAsAdmin, queryThroughUrl } from './database.ts';
import { LoginWatch } from './login-watch.ts';
import { condition, type isReady, type OperatorBed, type RunningOperator } from './operator-bed.ts';
import { atRest } from './rest.ts';
import { type Credentials, NAME, Rotating } from './rotating.ts';
import type { OperatorOptions } from './running-operator.ts';
import { withOperatorBed } from './with-bed.ts';

/** How long former credentials work at least, so that what happens meanwhile can be looked at. */
const LONG = { settings: { credentialOverlapMs: 600_000 } };
const SHORT = { settings: { credentialOverlapMs: 1_000 } };

let bed: OperatorBed;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);

/** A namespace of its own, whose operators see no other. */
async function alone(
  name: string,
): Promise<{ rotating: Rotating; start: (options: OperatorOptions) => Promise<RunningOperator> }> {
  const namespace = await bed.namespace(name);
  const start = (options: OperatorOptions) => bed.startOperator({ ...options, only: namespace });
  return { rotating: new Rotating(bed, namespace), start };
}

/** As many apps log in as it takes to know that both users were let in; nobody was refused. */
async function expectNobodyRefused(watch: LoginWatch, ...users: readonly Credentials[]): Promise<void> {
  for (const { username } of users) await watch.sees(username);
  expect(watch.outcome.refused).toBe(0);
}

describe.concurrent('a rotation of credentials', () => {
  test('keeps the former ones until the time that status names', async () => {
    const { rotating, start } = await alone('overlap');
    const operator = await start(LONG);
    const before = await rotating.provision();
    await rotating.rotate('a');
    const addon = await bed.until(
      rotating.namespace,
      NAME,
      'overlapping, with an app that has followed',
      ({ status }) => status?.rotation?.phase === 'Overlapping' && status.appsReady === '1/1',
    );
    const { since = '', formerUntil = '', formerUser } = addon.status?.rotation ?? {};
    expect(Date.parse(formerUntil) - Date.parse(since)).toBe(600_000);
    expect(formerUser).toBe(before.username);
    expect(condition(addon, 'Ready')?.status).toBe('True');
    expect(await rotating.isRefused(before.username, before.password)).toBe(false);
    expect((await rotating.credentials()).username).not.toBe(before.username);
    await operator.stop();
    // Another operator, which gives less time, goes on from there.
    await start(SHORT);
    await rotating.rotated('a');
    await rotating.expectRotated(before);
    await eventually('an event', async () => {
      const { items } = await bed.client.list(Event, { namespace: rotating.namespace });
      return items.some(({ reason }) => reason === 'CredentialsRotated');
    });
  });

  test('waits for an app that does not come up, with the former credentials alive, and status names it', async () => {
    const { rotating, start } = await alone('stuck');
    const { namespace } = rotating;
    const clock = new SteppedClock();
    await start({ ...LONG, clock });
    const before = await rotating.provision();
    await using watch = LoginWatch.start(bed, namespace);
    await watch.sees(before.username);
    const heal = bed.kubelet.rule({
      match: ({ metadata }) => metadata.namespace === namespace && metadata.labels?.['app'] === 'web',
      behave: 'ImagePullError',
    });
    await rotating.rotate('a');
    await bed.until(namespace, NAME, 'waiting for the app', ({ status }) =>
      /until Deployment web has/.test(status?.rotation?.message ?? ''),
    );
    clock.skip(3_600_000); // much longer than credentials overlap at least
    await atRest(bed, namespace, NAME);
    expect(await rotating.isRefused(before.username, before.password)).toBe(false);
    heal();
    await rotating.endOverlap(clock, watch, before.username);
    await rotating.rotated('a');
    await expectNobodyRefused(watch, await rotating.expectRotated(before));
  });

  const SECRETS = [
    { names: ['my-app-influx'] },
    { names: ['my-app-influx-binding'] },
    { names: ['my-app-influx', 'my-app-influx-binding'] },
  ];

  test.for(pick(SECRETS.slice(2), SECRETS))(
    'makes Secrets that are deleted while both logins work again, with the new one: $names',
    async ({ names }) => {
      const { rotating, start } = await alone(`deleted-${names.length}-${names[0]?.split('-').at(-1)}`);
      const { namespace } = rotating;
      const operator = await start(LONG);
      const before = await rotating.provision();
      await using watch = LoginWatch.start(bed, namespace);
      await watch.sees(before.username);
      await rotating.rotate('a');
      await rotating.overlapping();
      const published = await rotating.credentials();
      for (const name of names) await bed.client.delete(Secret, { namespace, name });
      await eventually('the Secrets', async () => {
        const now = await rotating.credentials();
        return now.password === published.password && (await rotating.secret(''));
      });
      await operator.stop();
      const clock = new SteppedClock();
      await start({ ...LONG, clock });
      await rotating.endOverlap(clock, watch, before.username);
      await rotating.rotated('a');
      await expectNobodyRefused(watch, await rotating.expectRotated(before));
    },
  );

  test('whose admin Secret is deleted while both logins work costs a restart of the database, and no refusal', async () => {
    const { rotating, start } = await alone('deleted-admin');
    const { namespace } = rotating;
    const operator = await start(LONG);
    const before = await rotating.provision();
    await using watch = LoginWatch.start(bed, namespace);
    await watch.sees(before.username);
    await rotating.rotate('a');
    await rotating.overlapping();
    const published = await rotating.credentials();
    await bed.client.delete(Secret, { namespace, name: 'my-app-influx-admin' });
    await bed.lapse('an admin Secret that knows of the former user', 60_000, async () => {
      await rotating.podReplaced();
      const { rotation } = await rotating.secret('-admin').catch(() => ({ rotation: undefined }));
      return rotation?.includes(before.username);
    });
    expect((await rotating.credentials()).password).toBe(published.password);
    await operator.stop();
    const clock = new SteppedClock();
    await start({ ...LONG, clock });
    await rotating.endOverlap(clock, watch, before.username);
    await rotating.rotated('a');
    await expectNobodyRefused(watch, await rotating.expectRotated(before));
  });

  test('begins when the addon is paused, stopped or refused no more, and not before', async () => {
    const { rotating, start } = await alone('held');
    const { namespace } = rotating;
    await start(SHORT);
    let before = await rotating.provision();
    await rotating.ask({ 'influxaddon.dev/paused': 'true', 'influxaddon.dev/rotate': 'paused' });
    await bed.until(namespace, NAME, 'paused', (addon) => condition(addon, 'Ready')?.reason === 'Paused');
    await atRest(bed, namespace, NAME);
    expect(await rotating.credentials()).toEqual(before);
    await rotating.ask({ 'influxaddon.dev/paused': null });
    await rotating.rotated('paused');
    before = await rotating.expectRotated(before);

    await rotating.rotate('stopped', { state: 'Stopped' });
    await bed.until(namespace, NAME, 'stopped', ({ status }) => status?.state === 'Stopped');
    await bed.until(namespace, NAME, 'waiting', ({ status }) => status?.rotation?.phase === 'Waiting');
    const restarts = await rotating.revision();
    await rotating.rotate('stopped', { state: 'Running' });
    await rotating.rotated('stopped');
    before = await rotating.expectRotated(before);
    expect(await rotating.revision()).toBe(restarts + 1);

    await rotating.rotate('refused', { plan: 'no-such-plan' });
    await bed.until(namespace, NAME, 'refused', ({ status }) => status?.rotation?.phase === 'Waiting');
    expect(await rotating.credentials()).toEqual(before);
    await rotating.rotate('refused', { plan: '512m' });
    await rotating.rotated('refused');
    await rotating.expectRotated(before);
  });

  test('with TLS: the scheme, the certificate and the database stay, and the new login is the only one', async () => {
    const { rotating, start } = await alone('secured');
    const { namespace } = rotating;
    await start(SHORT);
    await bed.addon(namespace, NAME, { tls: { mode: 'Required' } });
    await bed.ready(namespace, NAME);
    const before = await rotating.secret('-binding');
    await rotating.rotate('a');
    await bed.until(
      namespace,
      NAME,
      'rotated',
      ({ status }) => status?.lastHandled?.rotate === 'a' && status.rotation === undefined,
    );
    const after = await rotating.secret('-binding');
    const same = { database: before['database'], host: before['host'], 'ca.crt': before['ca.crt'] };
    expect(after).toMatchObject(same);
    expect(after['uri']).toMatch(new RegExp(`^https://${before['database']}_b:`));
    expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW MEASUREMENTS')).status).toBe(200);
    const users = (await queryAsAdmin(bed, namespace, NAME, 'SHOW USERS')).body;
    expect(users).toContain(`["${before['database']}_b",false]`);
    expect(users).not.toContain(`["${before['database']}",`);
  });

  test('gives users of the spec new passwords and the other name, and the former ones work until the end', async () => {
    const { rotating, start } = await alone('users');
    const { namespace } = rotating;
    const suffix = '-user-reader';
    const first = await start(LONG);
    await bed.addon(namespace, NAME, { users: [{ name: 'reader', access: 'Read' }] });
    await bed.ready(namespace, NAME);
    const before = await eventually('the Secret of reader', () => rotating.secret(suffix));
    const { username = '', password = '' } = before;
    await rotating.rotate('a');
    const after = await eventually('another Secret of reader', async () => {
      const now = await rotating.secret(suffix);
      return now['password'] !== password && now;
    });
    const { password: next = '', uri = '' } = after;
    expect([username, after['username']]).toEqual(['reader', 'reader_b']);
    expect(new URL(uri)).toMatchObject({ username: 'reader_b', password: next });
    expect(await rotating.isRefused(username, password)).toBe(false);
    expect(await rotating.isRefused('reader_b', next)).toBe(false);
    await first.stop();
    await start(SHORT);
    await bed.until(
      namespace,
      NAME,
      'rotated',
      ({ status }) => status?.lastHandled?.rotate === 'a' && status.rotation === undefined,
    );
    expect(await rotating.isRefused(username, password)).toBe(true);
    expect(await rotating.isRefused('reader_b', next)).toBe(false);
    expect(await rotating.secret(suffix)).toEqual(after);
    expect((await queryAsAdmin(bed, namespace, NAME, 'SHOW USERS')).body).not.toContain('["reader",');
  });

  test('is stopped by no Secret of somebody else that has the name of a user’s, and the condition names it', async () => {
    const { rotating, start } = await alone('users-foreign');
    const { namespace } = rotating;
    const name = 'my-app-influx-user-reader';
    const theirs = { metadata: { namespace, name }, data: { mine: 'bWluZQ==' } };
    await bed.client.create(Secret, theirs);
    await start(SHORT);
    const users = [
      { name: 'reader', access: 'Read' as const },
      { name: 'writer', access: 'Write' as const },
    ];
    await bed.addon(namespace, NAME, { users });
    const said = (addon: Parameters<typeof isReady>[0]) =>
      condition(addon, 'Stalled')?.reason === 'NameConflict' &&
      condition(addon, 'Stalled')?.message.includes(`Secret ${name}`) === true;
    await bed.until(namespace, NAME, 'a conflict', said);
    const writer = await eventually('the Secret of writer', () => rotating.secret('-user-writer'));
    const before = await rotating.credentials();
    await rotating.rotate('a');
    await bed.until(
      namespace,
      NAME,
      'rotated, with the conflict',
      (addon) =>
        addon.status?.lastHandled?.rotate === 'a' && addon.status.rotation === undefined && said(addon),
    );
    const after = await rotating.credentials();
    expect(await rotating.isRefused(before.username, before.password)).toBe(true);
    expect(await rotating.isRefused(after.username, after.password)).toBe(false);
    const { username = '', password = '' } = await rotating.secret('-user-writer');
    expect(username).not.toBe(writer['username']);
    expect(await rotating.isRefused(username, password)).toBe(false);
    expect((await bed.client.get(Secret, { namespace, name }))?.data).toEqual(theirs.data);
  });

  test('is done twice, one after the other, for two tokens in quick succession', async () => {
    const { rotating, start } = await alone('quick');
    const { namespace } = rotating;
    // The first is held on its way until the second is asked for.
    const first = await start(LONG);
    const before = await rotating.provision();
    await using watch = LoginWatch.start(bed, namespace);
    await watch.sees(before.username);
    const restarts = await rotating.revision();
    await rotating.rotate('a');
    await bed.until(namespace, NAME, 'on its way', ({ status }) => status?.rotation !== undefined);
    await rotating.rotate('b');
    await first.stop();
    const clock = new SteppedClock();
    await start({ ...LONG, clock });
    await rotating.endOverlap(clock, watch, before.username);
    await rotating.endOverlap(clock, watch, `${before.username}_b`);
    await rotating.rotated('b');
    const after = await rotating.expectRotated(before);
    expect(after.username).toBe(before.username);
    expect(await rotating.revision()).toBe(restarts + 2);
    await expectNobodyRefused(watch, after);
  });

  test('with a change of the plan is one stop of the database and one restart of the app', async () => {
    const { rotating, start } = await alone('with-plan');
    const { namespace } = rotating;
    const clock = new SteppedClock();
    await start({ ...LONG, clock });
    const before = await rotating.provision();
    const restarts = await rotating.revision();
    await using watch = LoginWatch.start(bed, namespace);
    await watch.sees(before.username);
    // The pod that the app replaces logs in for a while after it was told to end.
    bed.kubelet.rule({
      match: ({ metadata }) => metadata.namespace === namespace && metadata.labels?.['app'] === 'web',
      behave: 'SlowStop',
      stopAfterMs: 3_000,
    });
    const since = Date.now();
    await rotating.rotate('a', { plan: '1g' });
    await rotating.endOverlap(clock, watch, before.username);
    await rotating.rotated('a');
    const after = await rotating.expectRotated(before);
    await atRest(bed, namespace, NAME);
    expect(await rotating.revision()).toBe(restarts + 1);
    const stops = (await bed.writes(namespace, since)).filter((write) => / (statefulsets|pods)$/.test(write));
    expect(stops).toEqual(['update statefulsets']);
    await expectNobodyRefused(watch, after);
  });
});
