import { beforeAll, describe, expect, test } from 'vitest';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { Pod } from '../../src/kube/objects/kinds.ts';
import type { EngineState } from '../cluster/fakes/fake-engine.ts';
import { eventually } from './children.ts';
import { secretData } from './database.ts';
import { type Before, engineOf, notes, podUid, remove, sameData, SECRETS, settled, wrote } from './drift.ts';
import { condition, type OperatorBed } from './operator-bed.ts';
import { writePoint } from './points.ts';
import { atRest } from './rest.ts';
import { withOperatorBed } from './with-bed.ts';

const SABOTAGES: [string, (state: EngineState, id: string) => void, RegExp][] = [
  ['user dropped', ({ users }, id) => users.delete(id), /CreateUser/],
  ['grant revoked', ({ users }, id) => users.get(id)?.grants.clear(), /Grant/],
  [
    'user made an administrator',
    ({ users }, id) => Object.assign(users.get(id) ?? {}, { admin: true }),
    /RevokeAdmin/,
  ],
  [
    'password changed',
    ({ users }, id) => Object.assign(users.get(id) ?? {}, { password: 'stolen' }),
    /SetPassword/,
  ],
  [
    'default retention policy dropped',
    ({ databases }, id) => databases.get(id)?.policies.splice(0),
    /CreateRetentionPolicy/,
  ],
];
const PLACES = [
  ...SABOTAGES.map(([what]) => what),
  'database dropped',
  'administrator dropped',
  'admin Secret deleted',
  'all Secrets deleted',
] as const;

/** A minute, as database-steps.ts has it: the interval of checks is shorter, and leaves some of it for the repair. */
const PROMISED_MS = 60_000;
/** Of the bed's time, for what no second is promised of. */
const LONG_MS = 600_000;

let bed: OperatorBed;
const addons = new Map<string, Before>();
withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);
// All are there before the first test lets the time go on, which it does for all of them.
beforeAll(async () => {
  await bed.startOperator();
  await Promise.all(PLACES.map(async (what) => addons.set(what, await settled(bed, what))));
});

function addonOf(what: string): Before {
  const before = addons.get(what);
  if (before === undefined) throw new Error(`there is no addon for "${what}"`);
  return before;
}

async function takesPoints({ namespace }: Before): Promise<void> {
  await eventually('a database that takes a point', () => writePoint(bed, namespace, 'db', 'after'));
}

async function untilRepaired(before: Before, what: RegExp): Promise<void> {
  await bed.lapse('an event about the repair', PROMISED_MS, async () =>
    (await notes(before, 'DatabaseRepaired')).some((note) => what.test(note)),
  );
}

/** The operator's own deed, then what the controllers and the node make of it, which takes real time. */
async function untilRestarted(before: Before, withinMs: number): Promise<void> {
  const { namespace } = before;
  const key = { namespace, name: 'db-influx-0' };
  const isStaying = async () => {
    const pod = await bed.client.get(Pod, key);
    return pod?.metadata.uid === before.podUid && pod.metadata.deletionTimestamp === undefined;
  };
  await bed.lapse('a restart', withinMs, async () => !(await isStaying()));
  await eventually(
    'a new pod',
    async () => ![undefined, before.podUid].includes(await podUid(bed, namespace)),
  );
}

describe('drift inside the database is repaired within a minute', () => {
  test.concurrent.each(SABOTAGES)('%s', async (what, sabotage, event) => {
    const before = addonOf(what);
    sabotage(engineOf(before), before.id);
    await untilRepaired(before, event);
    await takesPoints(before);
    const state = engineOf(before);
    expect(state.users.get(before.id)).toMatchObject({ admin: false });
    expect([...(state.users.get(before.id)?.grants ?? [])]).toEqual([[before.id, 'ALL PRIVILEGES']]);
    if (!what.includes('retention')) await sameData(before);
    expect(await podUid(bed, before.namespace)).toBe(before.podUid);
  });

  test.concurrent('database dropped: it is made again, empty, and an event says so', async () => {
    const before = addonOf('database dropped');
    engineOf(before).databases.delete(before.id);
    await untilRepaired(before, /CreateDatabase/);
    expect(engineOf(before).databases.has(before.id)).toBe(true);
    await takesPoints(before);
    expect(await podUid(bed, before.namespace)).toBe(before.podUid);
  });

  test.concurrent('administrator dropped: the pod is restarted once, and that heals it', async () => {
    const before = addonOf('administrator dropped');
    const since = Date.now();
    engineOf(before).users.delete('admin');
    await untilRestarted(before, PROMISED_MS);
    await eventually('the administrator', async () => engineOf(before).users.get('admin')?.admin === true);
    await bed.ready(before.namespace, 'db');
    await atRest(bed, before.namespace, 'db');
    await sameData(before);
    expect((await wrote(before, since)).children).toEqual(['delete pods']);
    expect(await notes(before, 'AdministratorLost')).toHaveLength(1);
  });

  test.concurrent('the admin Secret deleted: a new administrator, and everything else as it was', async () => {
    const before = addonOf('admin Secret deleted');
    const { namespace } = before;
    const old = await secretData(bed, namespace, 'db-influx-admin');
    await remove(before, 'adminSecret');
    await untilRestarted(before, LONG_MS);
    await bed.ready(namespace, 'db');
    await atRest(bed, namespace, 'db');
    const now = await secretData(bed, namespace, 'db-influx-admin');
    expect(now).toMatchObject({ id: before.id, password: old['password'], 'opened-by-version': '1.8.10' });
    expect(now['admin-password']).not.toBe(old['admin-password']);
    expect(engineOf(before).users.get('admin')?.password).toBe(now['admin-password']);
    await sameData(before);
  });

  test.concurrent('every copy of the password deleted: a new one, in the database before it is in any Secret of an app', async () => {
    const before = addonOf('all Secrets deleted');
    const { namespace } = before;
    const old = await secretData(bed, namespace, 'db-influx-admin');
    const pause = async (value: 'true' | null) => {
      const metadata = { annotations: { 'influxaddon.dev/paused': value } };
      await bed.client.patch(InfluxAddon, { namespace, name: 'db' }, { metadata }, { type: 'merge' });
    };
    await pause('true'); // else the first is back before the last is gone
    await bed.until(namespace, 'db', 'paused', (addon) => condition(addon, 'Ready')?.reason === 'Paused');
    for (const slot of SECRETS) await remove(before, slot);
    await pause(null);
    const url = await bed.lapse('the Secret of apps', LONG_MS, async () => {
      const secret = await secretData(bed, namespace, 'db-influx').catch(() => undefined);
      return secret && new URL(secret['INFLUX_URL'] ?? '');
    });
    expect(url.username).toBe(before.id);
    expect(engineOf(before).users.get(before.id)?.password).toBe(url.password);
    await bed.ready(namespace, 'db');
    expect(url.password).toMatch(/^[\w-]{48}$/);
    expect((await secretData(bed, namespace, 'db-influx-admin'))['password']).toBe(url.password);
    expect(url.password).not.toBe(old['password']);
    await sameData(before);
  });
});
