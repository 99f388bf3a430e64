import { describe, expect, it } from 'vitest';
import type { AppDecision } from '../apps/binding.ts';
import { credentialsMark } from '../identity/settle.ts';
import { type Facts } from '../world/facts.ts';
import { addonOf, countingFresh, FACTS, NOW, SETTINGS, worldOf } from '../testing/fixtures.ts';
import { type World } from '../world/world.ts';
import { NO_MEMORY, type DatabaseKnowledge } from '../world/memory.ts';
import { begun, followed, parseRotation, promoted, revoking } from '../identity/rotation-phases.ts';
import { lastTurn, nextTurn, overlapEnd } from './turns.ts';

const OTHER = `${FACTS.id}_b`;
const fresh = countingFresh('new');
const draw = () => fresh.password();
const PREPARING = begun(FACTS, 'a', draw, NOW);
const OVERLAPPING = promoted(PREPARING, NOW);
const REVOKING = revoking(OVERLAPPING, NOW);

type Answer = Extract<DatabaseKnowledge['answer'], { ok: true }>;

function worldWith(facts: Facts, users: string[], answer: Partial<Answer> = {}, token = 'a'): World {
  const annotations = { 'influxaddon.dev/rotate': token };
  const state = {
    databases: [facts.id],
    users: users.map((name) => ({ name, admin: false })),
    grants: [],
    retentionPolicies: [],
    continuousQueries: [],
  };
  const database: DatabaseKnowledge = {
    podUid: 'pod-uid',
    credentials: credentialsMark(facts),
    askedMs: NOW.getTime(),
    failures: 0,
    answer: { ok: true, state, login: 'Accepted', ...answer },
    probe: undefined,
  };
  return worldOf({
    addon: addonOf({}, { metadata: { annotations } }),
    memory: { ...NO_MEMORY, database },
  });
}

function turn(facts: Facts, users: string[], answer: Partial<Answer> = {}, mayBegin = true, token = 'a') {
  return nextTurn(worldWith(facts, users, answer, token), facts, { mayBegin, fresh, now: NOW })?.facts;
}

const READY = { otherLogin: 'Accepted', administrator: 'Other' } as const;

describe('the next turn of a rotation', () => {
  it('begins for a new token, with credentials that nobody knows and the other name', () => {
    const next = turn(FACTS, [FACTS.id]);
    expect(next).toMatchObject({ username: FACTS.id, password: FACTS.password, rotatedFor: 'a' });
    expect(next?.rotation).toMatchObject({ phase: 'Preparing', username: OTHER });
    const { password, adminPassword } = next?.rotation ?? {};
    expect(new Set([password, adminPassword, FACTS.password, FACTS.adminPassword]).size).toBe(4);
  });

  it.each<[string, Facts, boolean, string]>([
    ['a token that was acted on', { ...FACTS, rotatedFor: 'a' }, true, 'a'],
    ['no token', FACTS, true, ''],
    ['a spec that cannot be followed', FACTS, false, 'a'],
  ])('does not begin for %s', (_, facts, mayBegin, token) => {
    expect(turn(facts, [FACTS.id], {}, mayBegin, token)).toBeUndefined();
  });

  it('does not begin for a token that status says was acted on', () => {
    const world = worldWith(FACTS, [FACTS.id]);
    const status = { lastHandled: { rotate: 'a' } };
    const addon = { ...world.addon, status };
    expect(nextTurn({ ...world, addon }, FACTS, { mayBegin: true, fresh, now: NOW })).toBeUndefined();
  });

  it.each<[string, Partial<Answer>]>([
    ['nobody could try the new login', { ...READY, otherLogin: 'Unknown' }],
    ['the new login was refused', { ...READY, otherLogin: 'Refused' }],
    ['the administrator has its former password', { otherLogin: 'Accepted' }],
  ])('publishes nothing while %s', (_, answer) => {
    expect(turn(PREPARING, [FACTS.id, OTHER], answer)).toBeUndefined();
  });

  it('puts the new credentials in force when both logins are proven, and keeps the former ones', () => {
    const next = turn(PREPARING, [FACTS.id, OTHER], READY);
    const { password, adminPassword } = PREPARING.rotation ?? {};
    expect(next).toMatchObject({ username: OTHER, password, adminPassword });
    const { username, password: former, adminPassword: formerAdmin } = FACTS;
    expect(next?.rotation).toMatchObject({ username, password: former, adminPassword: formerAdmin });
    expect(next?.rotation?.phase).toBe('Overlapping');
  });

  it('does not end the overlap by itself, nor a drop that has not happened', () => {
    expect(turn(OVERLAPPING, [FACTS.id, OTHER])).toBeUndefined();
    expect(turn(REVOKING, [FACTS.id, OTHER])).toBeUndefined();
  });

  it('forgets everything of the former credentials but a mark once their user is gone', () => {
    const next = turn(REVOKING, [OTHER]);
    expect(next).toMatchObject({ username: OTHER, rotatedFor: 'a' });
    expect(next).not.toHaveProperty('rotation');
    expect(JSON.stringify(next)).not.toContain(FACTS.password);
    expect(JSON.stringify(next)).not.toContain(FACTS.adminPassword);
  });

  it('lets a user of the other name, which no record tells of, go as a former login goes', () => {
    const next = turn({ ...FACTS, rotatedFor: 'a' }, [FACTS.id, OTHER]);
    expect(next?.rotation).toEqual({ phase: 'Overlapping', since: NOW.toISOString(), username: OTHER });
    expect(next).toMatchObject({ username: FACTS.id, password: FACTS.password });
  });
});

describe('the end of the overlap', () => {
  const app = (more: Partial<AppDecision> = {}): AppDecision => ({
    patch: undefined,
    restarts: false,
    entry: { kind: 'Deployment', name: 'web', revision: 'r1' },
    reason: 'Current',
    message: '',
    current: true,
    ...more,
  });
  const behind = app({ current: false, reason: 'RollingOut' });
  const overlapMs = SETTINGS.credentialOverlapMs ?? 0;

  function last(
    apps: AppDecision[] | undefined,
    afterMs: number,
    currentSince?: Date,
    facts: Facts = OVERLAPPING,
  ) {
    const now = new Date(NOW.getTime() + afterMs);
    const world = worldOf();
    const conditions = currentSince && [
      {
        type: 'AppsCurrent',
        status: 'True' as const,
        reason: 'Current',
        message: '',
        lastTransitionTime: currentSince.toISOString(),
      },
    ];
    const addon = { ...world.addon, status: conditions ? { conditions } : {} };
    const found = lastTurn({ ...world, addon }, facts, apps, now);
    return found === undefined ? 'Waits' : 'wakeMs' in found ? found.wakeMs : found.facts.rotation?.phase;
  }

  it.each<[string, AppDecision[] | undefined, number, ReturnType<typeof last>]>([
    ['comes when the time is over, without apps', [], overlapMs, 'Revoking'],
    ['does not come a moment before', [], overlapMs - 1, 1],
    ['comes with apps that have followed', [app()], overlapMs, 'Revoking'],
    ['waits for an app that is on its way, however long', [app(), behind], overlapMs * 100, 'Waits'],
    ['waits while nobody looks at the apps', undefined, overlapMs * 100, 'Waits'],
    [
      'does not wait for an app that is gone',
      [app({ current: false, reason: 'AppMissing' })],
      overlapMs,
      'Revoking',
    ],
    [
      'does not wait for an app that never ran with it',
      [app({ current: false, reason: 'ContainerMissing', entry: undefined })],
      overlapMs,
      'Revoking',
    ],
  ])('%s', (_, apps, afterMs, expected) => {
    expect(last(apps, afterMs)).toBe(expected);
  });

  it('leaves the last pods that an app replaced time to end', () => {
    const since = new Date(NOW.getTime() + overlapMs);
    expect(last([app()], overlapMs, since)).toBe(overlapMs);
    expect(last([app()], 2 * overlapMs, since)).toBe('Revoking');
  });

  const longAgo = new Date(NOW.getTime() - 100 * overlapMs);

  it('leaves the last pods time to end after a rollout that no condition told', () => {
    const restartedAt = new Date(NOW.getTime() + overlapMs - 5_000).toISOString();
    const entry = { kind: 'Deployment', name: 'web', revision: 'r1', restartedAt };
    for (const since of [longAgo, undefined]) {
      expect(last([app({ entry })], overlapMs, since)).toBe(overlapMs - 5_000);
      expect(last([app({ entry })], 2 * overlapMs - 5_000, since)).toBe('Revoking');
    }
  });

  it('leaves the last pods time to end beside an app that is gone, from when the others had followed', () => {
    const gone = app({ current: false, reason: 'AppMissing', entry: undefined });
    const restartedAt = NOW.toISOString();
    const entry = { kind: 'Deployment', name: 'web', revision: 'r1', restartedAt };
    const after = 10 * overlapMs;
    const then = new Date(NOW.getTime() + after);
    for (const since of [longAgo, undefined]) {
      expect(last([app({ entry, current: false, reason: 'RollingOut' }), gone], after, since)).toBe('Waits');
      expect(last([app({ entry }), gone], after, since)).toBe('Overlapping');
      const recorded = followed(OVERLAPPING, then);
      expect(last([app({ entry }), gone], after, since, recorded)).toBe(overlapMs);
      expect(last([app({ entry }), gone], after + overlapMs, since, recorded)).toBe('Revoking');
    }
  });

  it('is recorded with the rest of a rotation, and not when somebody spoiled it', () => {
    const { rotation, id, username } = followed(OVERLAPPING, NOW);
    expect(parseRotation(JSON.stringify(rotation), id, username)).toEqual(rotation);
    const spoiled = JSON.stringify({ ...rotation, followedAt: 'soon' });
    expect(parseRotation(spoiled, id, username)).toEqual(OVERLAPPING.rotation);
  });

  it('is told in advance', () => {
    expect(overlapEnd(OVERLAPPING, SETTINGS)).toBe(NOW.getTime() + overlapMs);
  });
});
