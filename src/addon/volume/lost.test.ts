import { describe, expect, it } from 'vitest';
import { Annotation } from '../../api/annotations.ts';
import type { AddonCondition, InfluxAddon } from '../../api/influx-addon.ts';
import { given } from '../../kube/objects/given.ts';
import type { PersistentVolumeClaim, Secret } from '../../kube/objects/kinds.ts';
import { lossInEngine, lossOf } from './lost.ts';
import { hadData } from '../identity/had-data.ts';
import { ANNOTATION } from '../world/names.ts';
import { addonOf, FACTS, inForce, live, NO_CHILDREN, NOW, worldOf } from '../testing/fixtures.ts';
import { type World } from '../world/world.ts';
import { NO_MEMORY } from '../world/memory.ts';

const CLAIM = 'my-app-influx-data';
const ANSWERED: NonNullable<InfluxAddon['status']> = {
  storage: { uid: 'lost-uid', volume: 'pv-1', className: 'fast', actual: '20Gi' },
  dataPlane: { revision: 'before', starts: 0 },
};
const DATA_LOST: AddonCondition = {
  type: 'Stalled',
  status: 'True',
  reason: 'DataLost',
  message: '',
  lastTransitionTime: NOW.toISOString(),
};
const MISSING: World['memory'] = { ...NO_MEMORY, claimLook: { name: CLAIM, atMs: NOW.getTime() } };

function adminSecret(annotations: Record<string, string>, creationTimestamp = NOW.toISOString()) {
  return live<Secret>({ metadata: { name: 'my-app-influx-admin', annotations, creationTimestamp } });
}

function claimOf(phase: string, annotations: Record<string, string> = {}) {
  return live({
    kind: 'PersistentVolumeClaim',
    metadata: { name: CLAIM, uid: 'present-uid', annotations },
    status: { phase },
  } as PersistentVolumeClaim);
}

function worldWith(
  children: Partial<World['children']>,
  more: { token?: string; memory?: World['memory']; status?: NonNullable<InfluxAddon['status']> } = {},
): World {
  const { token, memory = MISSING, status = ANSWERED } = more;
  const annotations = token === undefined ? {} : { [Annotation.startEmpty]: token };
  return worldOf({
    addon: addonOf({}, { metadata: { annotations }, status }),
    children: { ...NO_CHILDREN, ...children },
    memory,
  });
}

function loss(world: World) {
  return lossOf(world, FACTS, inForce(), NOW.getTime());
}

describe('a database had data', () => {
  const earlier = adminSecret({ [ANNOTATION.madeFor]: 'an earlier addon' });
  const own = adminSecret({ [ANNOTATION.madeFor]: 'addon-uid' });
  const old = adminSecret({}, '2029-12-31T00:00:00Z');

  it.each<[string, Partial<Pick<InfluxAddon, 'spec' | 'status'>>, World['children']['adminSecret'], boolean]>(
    [
      ['that answered once', { status: ANSWERED }, undefined, true],
      ['that is new', {}, undefined, false],
      ['whose admin Secret was made for it', {}, own, false],
      ['whose admin Secret was made for an earlier addon of its name', {}, earlier, true],
      ['whose admin Secret is older than it, and says nothing', {}, old, true],
      ['whose admin Secret is as old as it, and says nothing', {}, adminSecret({}), false],
      [
        'that begins with a backup, not what an earlier one left',
        { spec: { plan: '1g', restoreFrom: { backupRef: { name: 'b' } } } },
        earlier,
        false,
      ],
    ],
  )('%s', (_, addon, secret, expected) => {
    const children = { ...NO_CHILDREN, adminSecret: secret };
    expect(hadData({ addon: { ...addonOf(), ...addon } as World['addon'], children })).toBe(expected);
  });
});

describe('a volume claim that is not there', () => {
  it('is looked for at the API server before anything is made of it, and again after a while', () => {
    const look = { state: 'Look', action: { do: 'findClaim', key: { name: CLAIM }, id: FACTS.id } };
    expect(loss(worldWith({}, { memory: NO_MEMORY }))).toMatchObject(look);
    const atMs = NOW.getTime() - 31_000;
    expect(loss(worldWith({}, { memory: { ...NO_MEMORY, claimLook: { name: CLAIM, atMs } } }))).toMatchObject(
      look,
    );
  });

  it('is lost, and the ways out are told with the claim that binds the volume again', () => {
    const found = loss(worldWith({}));
    const message = found?.state === 'Lost' ? found.refusal.message : '';
    expect(message).toContain(`${Annotation.startEmpty}: "lost-uid"`);
    expect(message).toContain('volumeName: pv-1');
    expect(message).toContain('storageClassName: "fast"');
    expect(message).toContain(`${ANNOTATION.id}: "${FACTS.id}"`);
  });

  it.each([
    ['its UID', ANSWERED, 'lost-uid', 'GivenUp'],
    ['another UID', ANSWERED, 'another', 'Lost'],
    ['the addon where nobody knows it', { dataPlane: { revision: 'r' } }, 'addon-uid', 'GivenUp'],
    [
      'its UID, which was said before',
      { ...ANSWERED, lastHandled: { startEmpty: 'lost-uid' } },
      'lost-uid',
      'Lost',
    ],
    [
      'its UID again, as the message has it',
      { ...ANSWERED, lastHandled: { startEmpty: 'lost-uid' } },
      'lost-uid-again',
      'GivenUp',
    ],
  ])('start-empty with %s', (_, status, token, state) => {
    expect(loss(worldWith({}, { status, token }))).toMatchObject({ state });
  });

  it('is made without a word where there never was data', () => {
    expect(loss(worldWith({}, { status: {} }))).toBeUndefined();
  });

  it('is of no matter where the database moves to the volume of a restore', () => {
    expect(lossOf(worldWith({}), FACTS, { ...inForce(), claim: 'restored' }, NOW.getTime())).toBeUndefined();
  });
});

describe('a claim whose PersistentVolume is gone', () => {
  it('is lost, and goes when it is given up', () => {
    expect(loss(worldWith({ claim: claimOf('Lost') }))).toMatchObject({ state: 'Lost' });
    // One that somebody bound meanwhile is another loss than that of the claim in status.
    expect(loss(worldWith({ claim: claimOf('Lost') }, { token: 'lost-uid' }))?.state).toBe('Lost');
    const status = { ...ANSWERED, storage: { uid: 'present-uid' }, conditions: [DATA_LOST] };
    const given = loss(worldWith({ claim: claimOf('Lost') }, { token: 'present-uid', status }));
    expect(given).toMatchObject({ state: 'GivenUp', clear: [{ do: 'delete', key: { name: CLAIM } }] });
    expect(loss(worldWith({ claim: claimOf('Bound') }))).toBeUndefined();
  });

  it.each<[string, NonNullable<InfluxAddon['status']>, string]>([
    ['nobody was told of', { storage: { uid: 'present-uid' } }, 'Lost'],
    ['was told of with another UID', { conditions: [DATA_LOST] }, 'Lost'],
    ['was told of without one', { storage: {}, conditions: [DATA_LOST] }, 'Lost'],
    ['was told of', { storage: { uid: 'present-uid' }, conditions: [DATA_LOST] }, 'GivenUp'],
  ])('and that %s: what gives it up beforehand', (_, told, state) => {
    const status = { ...ANSWERED, ...told };
    const found = loss(worldWith({ claim: claimOf('Lost') }, { token: 'present-uid', status }));
    expect(found?.state).toBe(state);
    if (found?.state === 'Lost') expect(found.refusal.message).toContain('"present-uid"');
  });

  it('and that was told of stays given up while it waits for its pod, of which nothing is told', () => {
    const claim = claimOf('Lost');
    const { metadata } = claim;
    const leaving = { ...claim, metadata: { ...metadata, deletionTimestamp: NOW.toISOString() } };
    const status = { ...ANSWERED, storage: { uid: 'present-uid' }, conditions: [] };
    const given = loss(worldWith({ claim: leaving }, { token: 'present-uid', status }));
    expect(given).toMatchObject({ state: 'GivenUp', clear: [] });
  });

  it.each([
    ['was made for this addon, which never had data, goes without a word', 'addon-uid', 'Lost', 'GivenUp'],
    ['was made for an earlier addon, is told and left alone', 'an earlier addon', 'Lost', 'Lost'],
    ['was made by somebody, is told and left alone', undefined, 'Lost', 'Lost'],
    ['is not bound yet, is left alone', 'addon-uid', 'Pending', undefined],
  ])('and that %s', (_, madeFor, phase, state) => {
    const claim = claimOf(phase, given({ [ANNOTATION.madeFor]: madeFor }) as Record<string, string>);
    const found = loss(worldWith({ claim }, { status: {} }));
    expect(found?.state).toBe(state);
    if (found?.state === 'GivenUp')
      expect(found).toMatchObject({ token: undefined, clear: [{ do: 'delete', key: { name: CLAIM } }] });
  });
});

describe('an engine that answers', () => {
  const user = { name: FACTS.id, admin: false };
  const claim = claimOf('Bound');

  it.each([
    ['with the database', { databases: [FACTS.id], users: [] }, undefined],
    ['with the user, whose database somebody dropped', { databases: [], users: [user] }, undefined],
    ['with others', { databases: ['other'], users: [{ name: 'other', admin: false }] }, 'DataLost'],
    ['with nothing', { databases: [], users: [] }, 'DataLost'],
  ])('%s', (_, state, reason) => {
    expect(lossInEngine(worldWith({ claim }), FACTS, inForce(), state)?.reason).toBe(reason);
  });

  it('with nothing is right on a volume that was made for the loss', () => {
    const state = { databases: [], users: [] };
    const made = claimOf('Bound', { [ANNOTATION.startedEmpty]: 'lost-uid' });
    expect(lossInEngine(worldWith({ claim: made }), FACTS, inForce(), state)).toBeUndefined();
    expect(
      lossInEngine(worldWith({ claim }, { token: 'lost-uid' }), FACTS, inForce(), state),
    ).toBeUndefined();
    const older = claimOf('Bound', { [ANNOTATION.startedEmpty]: 'an earlier loss' });
    expect(lossInEngine(worldWith({ claim: older }), FACTS, inForce(), state)?.reason).toBe('DataLost');
  });
});
