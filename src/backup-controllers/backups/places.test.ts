import { describe, expect, it } from 'vitest';
import { isBeingDrilled } from '../../addon/observe/stores.ts';
import { Places } from './places.ts';
import { BackupModel } from '../testing/model.ts';
import { succeed } from '../testing/jobs.ts';

const MINUTE_MS = 60_000;
const AT_ONCE = 10;

/** Addons with a daily backup in the hour after `now`, each with a place of its own in it. */
function fleet(count: number, now: Date): Map<string, BackupModel> {
  const models = Array.from({ length: count }, (_, n): [string, BackupModel] => {
    const model = new BackupModel(now);
    const { metadata, ...rest } = model.addon!;
    const creationTimestamp = new Date(now.getTime() - 12 * 60 * MINUTE_MS).toISOString();
    model.addon = { ...rest, metadata: { ...metadata, uid: `addon-${n}`, creationTimestamp } };
    model.behaviour = () => 'Runs';
    return [`shop/addon-${n}`, model];
  });
  return new Map(models);
}

/** A minute in which all workers decide before any of them has written. Returns how many backups and drills run then. */
function minute(models: Map<string, BackupModel>, places: Places, runsMinutes: number) {
  const runs = (model: BackupModel) =>
    [...model.backups.values()].filter(
      ({ status }) => status?.startedAt !== undefined && status.completedAt === undefined,
    ).length;
  const count = (except?: string) =>
    [...models].filter(([key, model]) => key !== except && runs(model) > 0).length;
  const drills = (model: BackupModel) => [...model.backups.values()].some(isBeingDrilled);
  const drilled = (except?: string) =>
    [...models].filter(([key, model]) => key !== except && drills(model)).length;
  for (const model of models.values())
    for (const [name, { job, pod }] of model.tasks) {
      const age = model.now.getTime() - Date.parse(job?.metadata.creationTimestamp ?? '');
      if (pod === undefined && age >= runsMinutes * MINUTE_MS) model.end(name, succeed(model.jobs.at(-1)!));
    }
  for (let pass = 0; pass < 3; pass += 1) {
    const decided = [...models].map(([key, model]) => {
      const world = { ...model.world(), busy: count(key), drilling: drilled(key) };
      return { key, model, decision: places.decide(key, world, model.now) };
    });
    for (const { key, model, decision } of decided) {
      for (const action of decision.actions) model.apply(action);
      places.release(key);
    }
  }
  for (const model of models.values()) expect(runs(model)).toBeLessThanOrEqual(1);
  return { taken: count(), drilled: drilled() };
}

describe('a hundred databases', () => {
  it.each([
    ['in their hour', '2030-01-08T23:30:00Z'],
    ['all at once, after nobody was there in their hour', '2030-01-09T06:00:00Z'],
  ])('are each backed up once, never two at a time, and no more than ten at once: %s', (_, from) => {
    const models = fleet(100, new Date(from));
    const places = new Places();
    let most = 0;
    for (let n = 0; n < 110; n += 1) {
      most = Math.max(most, minute(models, places, 4).taken);
      for (const model of models.values()) model.pass(MINUTE_MS);
    }
    for (const model of models.values()) {
      const [backup, ...others] = model.backups.values();
      expect(others).toEqual([]);
      expect(backup?.status?.completedAt).toBeDefined();
    }
    expect(most).toBeLessThanOrEqual(AT_ONCE);
    expect(most).toBeGreaterThan(1);
  });

  it('that have never been drilled are, ten at once', () => {
    const models = fleet(30, new Date('2030-01-09T06:00:00Z'));
    for (const model of models.values()) {
      const { addon } = model;
      const backups = { storeRef: { name: 'nightly' }, verify: 'Weekly' as const };
      model.addon = { ...addon!, spec: { ...addon!.spec, backups } };
    }
    const places = new Places();
    let most = 0;
    for (let n = 0; n < 45; n += 1) {
      most = Math.max(most, minute(models, places, 4).drilled);
      for (const model of models.values()) model.pass(MINUTE_MS);
    }
    for (const model of models.values())
      expect([...model.backups.values()].map(({ status }) => status?.restorable?.points)).toEqual([1234]);
    expect(most).toBe(AT_ONCE);
  });
});
