import { appOf, cached } from '../testing/apps.ts';
import type { World } from '../world/world.ts';
import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec, InfluxAddonStatus } from '../../api/influx-addon.ts';
import { announcements } from './announcements.ts';
import { READY_REASON } from '../../api/reasons.ts';
import { renderStatus } from './status.ts';
import { blockedPicture, type Picture } from '../decision/picture.ts';
import { addonOf, FACTS, inForce, NOW, worldOf } from '../testing/fixtures.ts';

const READY: Picture = {
  ready: { status: true, reason: READY_REASON.ready, message: 'the database answers' },
  available: { status: true, reason: 'Answering', message: 'the database answers' },
  reconciling: false,
  refusal: undefined,
  notImplemented: [],
  facts: FACTS,
  inForce: inForce(),
  state: 'Running',
  dataPlane: { revision: 'r1', starts: 0 },
  apps: [],
};
const REFUSAL = { reason: 'UnknownPlan' as const, message: 'spec.plan: 3g is not in the catalogue' };
const LATER = new Date(NOW.getTime() + 60_000);

function render(
  picture: Picture,
  status?: InfluxAddonStatus,
  {
    spec = {},
    now = NOW,
    generation = 1,
    world = {},
  }: {
    spec?: Partial<InfluxAddonSpec>;
    now?: Date;
    generation?: number;
    world?: Partial<World>;
  } = {},
): InfluxAddonStatus {
  const addon = addonOf(spec, { metadata: { generation }, ...(status === undefined ? {} : { status }) });
  return renderStatus(worldOf({ addon, ...world }), picture, now);
}

/** An app whose variables are still to be taken out. */
function withVariables(name: string) {
  const secretKeyRef = { name: 'my-app-influx', key: 'INFLUX_URL' };
  const env = [{ name: 'INFLUX_URL', valueFrom: { secretKeyRef } }];
  return cached(appOf([{ name: 'web', image: 'web:1', env }], { name }));
}

function condition(status: InfluxAddonStatus, type: string) {
  return status.conditions?.find((each) => each.type === type);
}

describe('the user in the connection URL', () => {
  const other = { ...READY, facts: { ...FACTS, username: `${FACTS.id}_b` } };

  it('is told where it is not the id', () => {
    expect(render(READY).user).toBeUndefined();
    const told = render(other);
    expect(told.user).toBe(`${FACTS.id}_b`);
    expect(render(other, told, { now: LATER })).toEqual(told);
    expect(render(READY, told, { now: LATER }).user).toBeUndefined();
    expect(render({ ...other, facts: undefined }, told).user).toBe(told.user);
  });

  it('is written with what is news anyway, and not for itself', () => {
    const { user: _, ...before } = render(other);
    expect(render(other, before)).toEqual(before);
    expect(render(other, { ...before, state: 'Stopped' }).user).toBe(`${FACTS.id}_b`);
  });
});

describe('status', () => {
  it('tells of the texts of queries that nobody listed with what is news, and not for themselves', () => {
    const query = { name: 'theirs', listed: false };
    const contents = { continuousQueries: [{ ...query, text: 'abcdefgh' }] };
    const before = { ...render(READY), continuousQueries: [query] };
    expect(render({ ...READY, contents }, before)).toEqual(render(READY, before));
    expect(render({ ...READY, contents }, before, { generation: 2 })).toMatchObject(contents);
  });

  it('keeps what a newer release told, and of what this one knows nothing that is not so any more', () => {
    const before = {
      ofANewerRelease: { told: true },
      rotation: { phase: 'Told', message: '' },
    } as InfluxAddonStatus;
    const status = render(READY, before);
    expect(status).toMatchObject({ ofANewerRelease: { told: true } });
    expect(status).not.toHaveProperty('rotation');
    // And it alone is no reason to write.
    expect(render(READY, { ...render(READY), ofANewerRelease: 1 } as InfluxAddonStatus)).toEqual({
      ...render(READY, render(READY)),
      ofANewerRelease: 1,
    });
  });

  it('tells what a user needs: id, plan, version, endpoint, names of the Secrets', () => {
    expect(render(READY)).toMatchObject({
      observedGeneration: 1,
      id: 'my_app_3707',
      plan: '1g',
      version: '1.8.10',
      state: 'Running',
      endpoint: 'http://my-app-influx.shop.svc.cluster.local:8086',
      urlSecret: 'my-app-influx',
      adminSecret: 'my-app-influx-admin',
      binding: { name: 'my-app-influx-binding' },
    });
  });

  it('lists as many apps as it has room for: those with variables first, and new ones when these are out', () => {
    const names = (prefix: string) => Array.from({ length: 40 }, (_, index) => `${prefix}-${index}`);
    const injected = names('old').map((name) => ({ kind: 'Deployment', name, injectedTemplate: 'hash' }));
    const apps = names('new').map((name) => ({ name, env: 'Inject' as const }));
    const { apps: _, ...before } = READY;
    const world = { apps: new Map(names('old').map((name) => [`Deployment/${name}`, withVariables(name)])) };
    const listed = render(before as Picture, { apps: injected }, { spec: { apps }, world }).apps ?? [];
    expect(listed).toHaveLength(64);
    expect(listed.slice(0, 40)).toEqual(injected);
    expect(listed.slice(40).map(({ name }) => name)).toEqual(names('new').slice(0, 24));
    // One of the former has lost its variables: the next one moves up, and no one that is listed moves out.
    const after = render(before as Picture, { apps: listed.slice(1) }, { spec: { apps }, world }).apps ?? [];
    expect(after.map(({ name }) => name)).toEqual([...names('old').slice(1), ...names('new').slice(0, 25)]);
  });

  it('holds no password', () => {
    expect(JSON.stringify(render(READY))).not.toContain(FACTS.password);
    expect(JSON.stringify(render(READY))).not.toContain(FACTS.adminPassword);
  });

  it('is deeply equal when nothing has changed, however much later', () => {
    const before = render(READY);
    expect(render(READY, before, { now: LATER })).toEqual(before);
  });

  it('survives the API server, which drops what is undefined', () => {
    const before = render(READY);
    expect(JSON.parse(JSON.stringify(before))).toEqual(before);
  });

  it('moves lastTransitionTime with the status of a condition and not with its words', () => {
    const before = render({ ...READY, ready: { status: false, reason: 'Provisioning', message: 'a' } });
    const other = render({ ...READY, ready: { status: false, reason: 'Degraded', message: 'b' } }, before, {
      now: LATER,
    });
    expect(condition(other, 'Ready')?.lastTransitionTime).toBe('2030-01-01T12:00:00Z');
    const ready = render(READY, other, { now: LATER });
    expect(condition(ready, 'Ready')?.lastTransitionTime).toBe('2030-01-01T12:01:00Z');
  });

  it('speaks of the generation that was decided on, in each condition too', () => {
    const status = render(READY, render(READY), { generation: 7 });
    expect(status.observedGeneration).toBe(7);
    for (const each of status.conditions ?? []) expect(each.observedGeneration).toBe(7);
  });

  it('is Stalled and not Reconciling when only a user can mend it, with the plan in force unchanged', () => {
    const refused = { ...READY, reconciling: true, refusal: REFUSAL, inForce: undefined };
    const status = render(refused, render(READY), { spec: { plan: '3g' } });
    expect(condition(status, 'Stalled')).toMatchObject({ status: 'True', ...REFUSAL });
    expect(condition(status, 'Reconciling')).toMatchObject({ status: 'False' });
    expect(condition(status, 'Available')).toMatchObject({ status: 'True' });
    expect(status.plan).toBe('1g');
  });

  it('names the versions that an edit may ask for', () => {
    const older = render({ ...READY, inForce: inForce('1g', '1.7.11') });
    expect(older.availableUpgrades).toEqual(['1.8.5', '1.8.10']);
    expect(render(READY)).not.toHaveProperty('availableUpgrades');
  });

  it('lists an app before variables are injected into it, and none that reads the Secret itself', () => {
    const apps: InfluxAddonSpec['apps'] = [{ name: 'web', env: 'Inject' }, { name: 'worker' }];
    const status = render({ ...READY, apps: undefined }, undefined, { spec: { apps } });
    expect(status.apps?.map(({ name }) => name)).toEqual(['web']);
    expect(status.appsReady).toBe('0/2');
  });

  it('cuts messages to what the schema allows', () => {
    const long = { ...READY, refusal: { ...REFUSAL, message: 'x'.repeat(10_000) } };
    expect(condition(render(long), 'Stalled')?.message.length).toBeLessThanOrEqual(4_096);
  });

  it('says what this release does not act on', () => {
    const status = render({ ...READY, notImplemented: ['spec.backups'] });
    expect(condition(status, 'NotImplemented')?.message).toContain('spec.backups');
    expect(condition(render(READY, status), 'NotImplemented')).toBeUndefined();
  });
});

describe('events', () => {
  const ready = render(READY);
  const blocked = render(blockedPicture(worldOf(), REFUSAL, undefined, []));

  it('come once for each change of state', () => {
    expect(announcements(undefined, ready)).toMatchObject([{ type: 'Normal', reason: 'DatabaseReady' }]);
    expect(announcements(ready, ready)).toEqual([]);
    expect(announcements(ready, blocked)).toMatchObject([{ type: 'Warning', reason: 'Blocked' }]);
    expect(announcements(blocked, ready)).toMatchObject([{ type: 'Normal' }]);
  });

  it('come for another reason to be blocked, and for other words of no other state', () => {
    const other = render(blockedPicture(worldOf(), { ...REFUSAL, message: 'spec.plan: 5g' }, undefined, []));
    expect(announcements(blocked, other)).toMatchObject([{ note: 'spec.plan: 5g' }]);
    const provisioning = (message: string) =>
      render({ ...READY, ready: { status: false, reason: 'Provisioning', message } });
    expect(announcements(provisioning('a'), provisioning('b'))).toEqual([]);
  });
});
