import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { beforeAll, describe, expect, test } from 'vitest';
import { READY_REASON, type ReadyReason } from '../../src/api/reasons.ts';
import { argoHealth, kstatus, type Verdict } from '../cluster/gitops.ts';
import { toldAddons, type Told } from './told/addons.ts';
import { type ToldTask, toldBackups, toldRestores, toldStores } from './told/tasks.ts';

/**
 * What Argo CD, by our scripts, and Flux, by kstatus, make of the statuses that the operator's own decisions come to.
 * Both are asked by their own interpreter and library.
 */
const SHIPPED = join(import.meta.dirname, '../../deploy/argocd/argocd-cm.yaml');
let scripts: Readonly<Record<string, string>>;

type Any = Told | ToldTask;
type Health = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended';

beforeAll(async () => {
  scripts = (load(await readFile(SHIPPED, 'utf8')) as { data: Record<string, string> }).data;
});

async function healthOf(objects: readonly object[], kind = 'InfluxAddon'): Promise<Verdict[]> {
  const script = scripts[`resource.customizations.health.influxaddon.dev_${kind}`];
  if (script === undefined) throw new Error(`there is no script for ${kind}`);
  return argoHealth(script, objects);
}

function condition(object: Any, type: string) {
  return object.status?.conditions?.find((each) => each.type === type);
}

const HEALTH: Readonly<Record<ReadyReason, Health>> = {
  Provisioning: 'Progressing',
  Ready: 'Healthy',
  ChangingPlan: 'Progressing',
  Upgrading: 'Progressing',
  SwitchingTLS: 'Progressing',
  RestartingApps: 'Progressing',
  Restoring: 'Progressing',
  Stopping: 'Progressing',
  Stopped: 'Suspended',
  Paused: 'Suspended',
  Blocked: 'Degraded',
  Unschedulable: 'Degraded',
  Degraded: 'Degraded',
  Deleting: 'Progressing',
};

describe('the health of an addon', () => {
  const addons = toldAddons();
  const reasonOf = (addon: Told) => condition(addon, 'Ready')?.reason as ReadyReason;
  const one = (reason: ReadyReason): Told => {
    const found = addons.find((addon) => reasonOf(addon) === reason);
    if (found === undefined) throw new Error(`no addon is told to be ${reason}`);
    return found;
  };

  test('is what its STATUS says, with the words of the condition that says so, in every phase', async () => {
    const found = await healthOf(addons);
    expect(found.map(({ status }) => status)).toEqual(addons.map((addon) => HEALTH[reasonOf(addon)]));
    for (const [index, { message }] of found.entries())
      expect(message).toContain(condition(addons[index]!, 'Ready')?.message);
    expect(new Set(addons.map(reasonOf))).toEqual(new Set(Object.values(READY_REASON)));
  });

  test('is not told of a spec that the operator has not seen, or before it has seen any', async () => {
    const seen = one('Ready');
    const edited = { ...seen, metadata: { ...seen.metadata, generation: 99 } };
    const { status: _, ...unseen } = seen;
    const asMade = { ...seen, status: { observedGeneration: -1 } };
    for (const found of await healthOf([edited, unseen, asMade]))
      expect(found).toEqual({ status: 'Progressing', message: 'waiting for the operator' });
  });

  test('is Suspended as soon as it is paused, also while no operator runs', async () => {
    const { metadata, ...rest } = one('Blocked');
    const paused = { 'influxaddon.dev/paused': 'true' };
    const unpaused = { 'influxaddon.dev/paused': 'false' };
    const found = await healthOf([
      { ...rest, metadata: { ...metadata, annotations: paused } },
      { ...rest, metadata: { ...metadata, annotations: unpaused } },
    ]);
    expect(found.map(({ status }) => status)).toEqual(['Suspended', 'Degraded']);
  });

  test('is Progressing while it is being deleted, and Degraded when that waits for somebody', async () => {
    const deletionTimestamp = '2030-01-01T00:00:00Z';
    const going = (addon: Told) => ({ ...addon, metadata: { ...addon.metadata, deletionTimestamp } });
    const found = await healthOf([going(one('Ready')), going(one('Blocked'))]);
    expect(found).toEqual([
      { status: 'Progressing', message: 'being deleted' },
      { status: 'Degraded', message: condition(one('Blocked'), 'Stalled')?.message },
    ]);
  });

  test('is Healthy whatever is wrong beside the database, and says what that is', async () => {
    const [missing] = addons.filter((addon) => condition(addon, 'AppsCurrent')?.reason === 'AppMissing');
    const [found] = await healthOf([missing!]);
    expect(found?.status).toBe('Healthy');
    expect(found?.message).toContain(`AppsCurrent is False: ${condition(missing!, 'AppsCurrent')?.message}`);
  });

  test('is Current to kstatus when it is Ready and nothing goes on, and never else', async () => {
    const found = await kstatus(addons);
    for (const [index, { status }] of found.entries()) {
      const addon = addons[index]!;
      const done =
        condition(addon, 'Ready')?.status === 'True' && condition(addon, 'Reconciling')?.status === 'False';
      const { deletionTimestamp } = addon.metadata;
      expect(status === 'Current', `${reasonOf(addon)}: ${status}`).toBe(
        done && deletionTimestamp === undefined,
      );
      expect(status === 'Terminating').toBe(deletionTimestamp !== undefined);
      expect(status === 'Failed').toBe(reasonOf(addon) === 'Blocked');
      if (reasonOf(addon) === 'Paused') expect(status).toBe('InProgress');
      if (reasonOf(addon) === 'Stopped') expect(status).toBe('Current');
    }
    const { metadata, ...rest } = one('Ready');
    const edited = { ...rest, metadata: { ...metadata, generation: 99 } };
    const asMade = { ...rest, metadata, status: { observedGeneration: -1 } };
    for (const { status } of await kstatus([edited, asMade])) expect(status).toBe('InProgress');
  });
});

describe.each<[string, () => ToldTask[]]>([
  ['InfluxBackup', toldBackups],
  ['InfluxRestore', toldRestores],
  ['InfluxBackupStore', toldStores],
])('the health of an %s', (kind, told) => {
  const objects = told();
  const holding = (object: ToldTask) => object.status.conditions?.find(({ status }) => status === 'True');

  test('is what its one condition that is True says, in its words', async () => {
    const expected = { Ready: 'Healthy', Reconciling: 'Progressing', Stalled: 'Degraded' } as Record<
      string,
      string
    >;
    const fresh = objects.filter(({ status }) => kind !== 'InfluxBackupStore' || !hasFailed(status));
    const found = await healthOf(fresh, kind);
    expect(found).toEqual(
      fresh.map((object) => ({
        status: expected[holding(object)?.type ?? ''],
        message: holding(object)?.message,
      })),
    );
    const all = await healthOf(objects, kind);
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set(['Healthy', 'Progressing', 'Degraded']));
  });

  test('is Progressing before the operator has seen it, and while it is being deleted', async () => {
    const done = objects.find((object) => holding(object)?.type === 'Ready')!;
    const { status: _, ...unseen } = done;
    const edited = { ...done, metadata: { ...done.metadata, generation: 99 } };
    const going = { ...done, metadata: { ...done.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' } };
    expect(await healthOf([unseen, edited, going], kind)).toEqual([
      { status: 'Progressing', message: 'waiting for the operator' },
      { status: 'Progressing', message: 'waiting for the operator' },
      { status: 'Progressing', message: 'being deleted' },
    ]);
  });

  test('is Current to kstatus when it is Ready, and Failed when it waits for somebody', async () => {
    const expected = { Ready: 'Current', Reconciling: 'InProgress', Stalled: 'Failed' } as Record<
      string,
      string
    >;
    const found = await kstatus(objects);
    expect(found.map(({ status }) => status)).toEqual(
      objects.map((object) => expected[holding(object)?.type ?? '']),
    );
  });
});

test('a store stays Degraded while it is tried again', async () => {
  const failed = toldStores().filter(({ status }) => hasFailed(status));
  expect(new Set(failed.map((store) => condition(store, 'Reconciling')?.status))).toEqual(
    new Set(['True', 'False']),
  );
  for (const { status } of await healthOf(failed, 'InfluxBackupStore')) expect(status).toBe('Degraded');
});

function hasFailed(status: object): boolean {
  return 'attempts' in status && Number(status.attempts) > 0;
}
