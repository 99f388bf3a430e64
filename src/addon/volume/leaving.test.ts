import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Annotation } from '../../api/annotations.ts';
import type { InfluxAddon, InfluxAddonSpec } from '../../api/influx-addon.ts';
import { given } from '../../kube/objects/given.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Action } from '../decision/action.ts';
import { decide } from '../decide.ts';
import { credentialsMark } from '../identity/settle.ts';
import { endsPod, leavingClaim } from './leaving.ts';
import { acting } from '../decision/outcome.ts';
import { CHILDREN } from '../children/index.ts';
import { withIntentHash } from '../children/intent/merge.ts';
import { sparingThePod } from './spare-pod.ts';
import { withApiDefaults } from '../testing/api-defaults.ts';
import {
  addonOf,
  contextOf,
  countingFresh,
  FACTS,
  live,
  NAMESPACE,
  NO_CHILDREN,
  NOW,
  worldOf,
} from '../testing/fixtures.ts';
import { podOf, settledSet } from '../testing/pods.ts';
import { type World } from '../world/world.ts';
import { NO_MEMORY, type DatabaseKnowledge } from '../world/memory.ts';

const CLAIM_UID = 'claim-uid';

function children(deleted: boolean): World['children'] {
  const built = CHILDREN.flatMap(({ slot, build }) => {
    const intent = build(contextOf());
    return intent === undefined ? [] : [[slot, live(withApiDefaults(withIntentHash(intent)))] as const];
  });
  const all = { ...NO_CHILDREN, ...(Object.fromEntries(built) as Partial<World['children']>) };
  const claim = all.claim as Live<kinds.PersistentVolumeClaim>;
  const deletion = deleted ? { deletionTimestamp: NOW.toISOString() } : {};
  const set = all.statefulSet as Live<kinds.StatefulSet>;
  const statefulSet = { ...set, ...given({ status: settledSet().status }) };
  return {
    ...all,
    statefulSet,
    claim: { ...claim, metadata: { ...claim.metadata, uid: CLAIM_UID, ...deletion } },
  };
}

const STATUS: InfluxAddon['status'] = {
  observedGeneration: 1,
  id: FACTS.id,
  plan: '1g',
  version: '1.8.10',
  state: 'Running',
  dataPlane: { revision: 'before', starts: 0 },
};

/** An addon whose database runs, and whose volume claim somebody deleted. */
function worldWith(
  spec: Partial<InfluxAddonSpec>,
  more: Partial<World> & { annotations?: Record<string, string>; deleted?: boolean; status?: object } = {},
): World {
  const { annotations = {}, deleted = true, status = {}, ...world } = more;
  const pod = podOf();
  return worldOf({
    addon: addonOf(spec, { metadata: { annotations }, status: { ...STATUS, ...status } }),
    children: children(deleted),
    pod: { ...pod, spec: { containers: [], ...pod.spec, nodeName: 'node-1' } },
    ...world,
  });
}

function knowledge(answer: DatabaseKnowledge['answer']): World['memory'] {
  const asked = { podUid: 'pod-uid', credentials: credentialsMark(FACTS), askedMs: NOW.getTime() };
  return { ...NO_MEMORY, database: { ...asked, failures: 1, answer, probe: undefined } };
}

/** All that is done, as often as it is decided: nothing of it changes what is seen, but that it was done. */
function decided(world: World) {
  return decide(world, { now: NOW, fresh: countingFresh() });
}

function stalled(world: World) {
  return decided(world).status?.conditions?.find(({ type }) => type === 'Stalled');
}

const LOST_ADMINISTRATOR = knowledge({ ok: false, kind: 'Unauthorized', message: 'authorization failed' });
const OLD_POD = podOf({
  ...podOf().status,
  containerStatuses: [
    {
      name: 'influxdb',
      image: 'influxdb:1.8.10',
      imageID: '',
      ready: true,
      restartCount: 0,
      state: { running: { startedAt: '2029-12-01T00:00:00Z' } },
    },
  ],
});

const CERTIFICATE_ENDS = {
  maintenance: {
    pending: [{ what: 'certificate', since: '2029-12-01T00:00:00Z', latest: '2029-12-31T00:00:00Z' }],
  },
};

/** Each would end the pod of a volume that nobody deleted. */
const CAUSES: readonly [string, () => Parameters<typeof worldWith>][] = [
  ['a smaller plan', () => [{ plan: '512m' }]],
  ['a larger plan', () => [{ plan: '2g' }]],
  ['the state Stopped', () => [{ state: 'Stopped' }]],
  ['another placement', () => [{ placement: { nodeSelector: { disk: 'ssd' } } }]],
  ['a lost administrator', () => [{}, { pod: OLD_POD, memory: LOST_ADMINISTRATOR }]],
  [
    'a StatefulSet that somebody edited',
    () => {
      const all = children(true);
      const set = all.statefulSet as NonNullable<typeof all.statefulSet>;
      const statefulSet = { ...set, spec: { ...set.spec, replicas: 3 } } as typeof set;
      return [{}, { children: { ...all, statefulSet } }];
    },
  ],
];

describe('while a deleted volume claim waits for the pod', () => {
  it.each(CAUSES)('%s does not end it', (_, make) => {
    const [spec, more = {}] = make();
    const leaving = worldWith(spec, more);
    const { actions } = decided(leaving);
    expect(actions.filter((action) => endsPod(leaving.addon, action))).toEqual([]);
    const others = { ...leaving.children, claim: children(false).claim };
    const there = { ...leaving, children: others };
    if (spec.plan === '512m') return; // asks first whether the data fits
    expect(writesUntilThePod(there).some((action) => endsPod(there.addon, action))).toBe(true);
  });

  it('no maintenance begins, not even for a certificate that ends', () => {
    const begins = (deleted: boolean) =>
      decided(worldWith({}, { deleted, status: CERTIFICATE_ENDS })).status?.maintenance?.startedAt;
    expect(begins(false)).toBeDefined();
    expect(begins(true)).toBeUndefined();
  });

  it.each<[Partial<InfluxAddonSpec>, Record<string, string>, string]>([
    [{}, {}, `start-empty: "${CLAIM_UID}".`],
    [{ plan: '2g' }, {}, 'Until then these wait: spec.plan 2g.'],
    [{ version: '1.8' }, {}, `start-empty: "${CLAIM_UID}".`],
    [{ version: '1.8.5' }, {}, 'spec.version 1.8.5'],
    [{ tls: { mode: 'Required' } }, {}, 'spec.tls.mode Required'],
    [{ state: 'Stopped' }, {}, 'spec.state Stopped'],
    [{}, { [Annotation.rotate]: 'a' }, Annotation.rotate],
  ])('Stalled says what to do and what waits: %j %j', (spec, annotations, words) => {
    const condition = stalled(
      worldWith(spec, { annotations, memory: knowledge({ ok: false, kind: 'Timeout', message: 'late' }) }),
    );
    expect(condition).toMatchObject({ status: 'True', reason: 'VolumeBeingDeleted' });
    expect(condition?.message).toContain(words);
  });

  it('whatever a rule decides that does not know of it is left out', () => {
    const world = worldWith({});
    const names = { name: 'my-app-influx', namespace: NAMESPACE };
    const set = { do: 'replace', kind: kinds.StatefulSet, object: { metadata: names }, why: '' } as const;
    const service = { do: 'replace', kind: kinds.Service, object: { metadata: names }, why: '' } as const;
    const scene = { world, now: NOW, fresh: countingFresh(), leaving: undefined };
    expect(sparingThePod(scene, acting([set, service]))).toEqual(acting([service]));
    expect(sparingThePod(scene, acting([set])).ends).toBe('Tell');
    const sound = { ...scene, world: worldWith({}, { deleted: false }) };
    expect(sparingThePod(sound, acting([set]))).toMatchObject({
      actions: [{ do: 'replace', over: { metadata: { uid: CLAIM_UID } } }],
    });
  });

  it('a volume that is let go goes with the pod, once', () => {
    const annotations = { [Annotation.startEmpty]: CLAIM_UID };
    const told = { storage: { uid: CLAIM_UID } };
    const world = worldWith({}, { annotations, status: told });
    expect(decided(world)).toMatchObject({
      actions: [{ do: 'delete', kind: { kind: 'Pod' } }],
      events: [{ type: 'Warning', reason: 'StartedEmpty' }],
    });
    const another = worldWith({}, { annotations: { [Annotation.startEmpty]: 'another' }, status: told });
    expect(leavingClaim(another)?.metadata.uid).toBe(CLAIM_UID);
    const stopping = podOf(undefined, { deletionTimestamp: NOW.toISOString() });
    expect(decided({ ...world, pod: stopping }).actions).toEqual([]);
  });

  it.each<[string, NonNullable<InfluxAddon['status']>['storage']]>([
    ['without a UID', {}],
    ['of an earlier one', { uid: 'an earlier claim' }],
  ])('one that is let go beforehand is written down first, in a status %s', (_, storage) => {
    const annotations = { [Annotation.startEmpty]: CLAIM_UID };
    const memory = knowledge({ ok: false, kind: 'Timeout', message: 'late' });
    const first = worldWith({}, { annotations, memory, status: { storage } });
    const { actions, status } = decided(first);
    expect(actions).toEqual([]);
    expect(status?.storage?.uid).toBe(CLAIM_UID);
    expect(decided(worldWith({}, { annotations, memory, ...given({ status }) })).actions).toMatchObject([
      { do: 'delete', kind: { kind: 'Pod' } },
    ]);
  });
});

/** What is done until the pod is ended: the admin Secret is stored before it, and seen as it was stored. */
function writesUntilThePod(world: World): Action[] {
  const done: Action[] = [];
  let seen = world;
  for (let pass = 0; pass < 5; pass += 1) {
    const { actions, status } = decided(seen);
    done.push(...actions);
    // What ends the pod may be written down in status before.
    if (actions.length === 0 && status !== undefined && !isDeepStrictEqual(status, seen.addon.status)) {
      seen = { ...seen, addon: { ...seen.addon, status } };
      continue;
    }
    if (actions.length === 0 || actions.some((action) => endsPod(world.addon, action))) break;
    const [first] = actions;
    if (first?.do === 'dryRun') {
      const untilMs = NOW.getTime() + 60_000;
      const dryRun = {
        of: first.of,
        generation: 1,
        verdict: 'Taken',
        sinceMs: NOW.getTime(),
        untilMs,
      } as const;
      seen = { ...seen, memory: { ...seen.memory, dryRun } };
      continue;
    }
    if (first?.do !== 'replace' || first.object.metadata?.name !== 'my-app-influx-admin') break;
    const adminSecret = live(first.object) as NonNullable<World['children']['adminSecret']>;
    seen = { ...seen, children: { ...seen.children, adminSecret } };
  }
  return done;
}
