import type { ContainerState } from 'kubernetes-types/core/v1.js';
import { describe, expect, it } from 'vitest';
import { diagnose } from './diagnose.ts';
import type { PodState } from './state.ts';
import { buildClaim } from '../children/claim.ts';
import { addonOf, contextOf, inForce, live, NO_CHILDREN, NOW, worldOf } from '../testing/fixtures.ts';
import { containerStatus, podOf } from '../testing/pods.ts';
import { type World } from '../world/world.ts';
import { NO_MEMORY, type Memory } from '../world/memory.ts';

const now = NOW.getTime();
const what = 'the pod to be created';
const starting: PodState = { state: 'Starting', what };

function claimOf(className?: string): World['children'] {
  const target = inForce();
  const storage = { ...target.plan.spec.storage, ...(className === undefined ? {} : { className }) };
  const plan = { ...target.plan, spec: { ...target.plan.spec, storage } };
  return { ...NO_CHILDREN, claim: live(buildClaim(contextOf({ target: { ...target, plan } }))) };
}

function waiting(ms: number, more: Partial<Memory> = {}): Memory {
  return { ...NO_MEMORY, waiting: { what, sinceMs: now - ms }, ...more };
}

describe('diagnose', () => {
  it('has patience at first, and says when to look again', () => {
    const trouble = diagnose(worldOf({ memory: waiting(3_000) }), starting, now);
    expect(trouble).toMatchObject({ reason: undefined, action: undefined });
    expect(trouble.requeueAfterMs).toBeGreaterThanOrEqual(5_000);
    expect(trouble.requeueAfterMs).toBeLessThanOrEqual(9_000);
  });

  it('reads the events about what does not come, again after a while', () => {
    const ask = (memory: Memory) => diagnose(worldOf({ memory }), starting, now).action;
    expect(ask(waiting(13_000))).toEqual({ do: 'diagnose', names: ['my-app-influx', 'my-app-influx-data'] });
    const told = (ms: number) => ({ diagnosis: { atMs: now - ms, message: undefined, quota: false } });
    expect(ask(waiting(13_000, told(1_000)))).toBeUndefined();
    expect(ask(waiting(40_000, told(26_000)))).toBeDefined();
  });

  it('reads them ever more rarely, and each addon at a time of its own', () => {
    const readsIn = (uid: string, ms: number): number[] => {
      const reads: number[] = [];
      let diagnosis: Memory['diagnosis'];
      for (let at = 0; at < ms; at += 1_000) {
        const addon = addonOf({}, { metadata: { uid } });
        const memory = { ...NO_MEMORY, waiting: { what, sinceMs: now }, diagnosis };
        if (diagnose(worldOf({ addon, memory }), starting, now + at).action === undefined) continue;
        diagnosis = { atMs: now + at, message: undefined, quota: false };
        reads.push(at);
      }
      return reads;
    };
    expect(readsIn('one', 3_600_000).length).toBeLessThanOrEqual(17);
    expect(readsIn('one', 60_000).length).toBeGreaterThanOrEqual(2);
    const uids = Array.from({ length: 100 }, (_, i) => `uid-${i}`);
    const firsts = uids.map((uid) => readsIn(uid, 13_000)[0]);
    expect(new Set(firsts).size).toBeGreaterThanOrEqual(4);
  });

  it('passes on what the events say', () => {
    const diagnosis = { atMs: now, message: 'volume is being used', quota: false };
    const trouble = diagnose(worldOf({ memory: waiting(13_000, { diagnosis }) }), starting, now);
    expect(trouble).toMatchObject({ reason: 'Degraded', refusal: undefined });
    expect(trouble.message).toBe(`Waiting for ${what}: volume is being used`);
    expect(trouble.requeueAfterMs).toBeGreaterThan(0);
  });

  it('is blocked by a quota', () => {
    const diagnosis = { atMs: now, message: 'exceeded quota: small', quota: true };
    const trouble = diagnose(worldOf({ memory: waiting(13_000, { diagnosis }) }), starting, now);
    expect(trouble).toMatchObject({ reason: 'Blocked', refusal: { reason: 'QuotaExceeded' } });
  });

  it('calls a start that nobody explains a failure after five minutes', () => {
    const diagnosis = { atMs: now, message: undefined, quota: false };
    const after = (ms: number) =>
      diagnose(worldOf({ memory: waiting(ms, { diagnosis }) }), starting, now).reason;
    expect(after(200_000)).toBeUndefined();
    expect(after(301_000)).toBe('Degraded');
  });

  it.each([
    ['fast', { names: ['standard'], hasDefault: true }, 'fast does not exist'],
    [undefined, { names: ['standard'], hasDefault: false }, 'mark one as default'],
  ])('names a storage class that is not there: %s', (className, storageClasses, message) => {
    const trouble = diagnose(worldOf({ children: claimOf(className), storageClasses }), starting, now);
    expect(trouble.refusal).toMatchObject({ reason: 'UnknownStorageClass' });
    expect(trouble.message).toContain(message);
  });

  it('has nothing against a class of a volume that is bound already', () => {
    const children = claimOf('gone');
    const claim = { ...children.claim, status: { phase: 'Bound' } } as World['children']['claim'];
    expect(diagnose(worldOf({ children: { ...children, claim } }), starting, now).refusal).toBeUndefined();
  });

  it('hands on the trouble of a pod with what a user has to do about it', () => {
    const pod: PodState = {
      state: 'Trouble',
      reason: 'Unschedulable',
      message: 'no node',
      refusal: undefined,
    };
    expect(diagnose(worldOf(), pod, now)).toMatchObject({ reason: 'Unschedulable', message: 'no node' });
  });

  it('names the version to go back to while the new server has not begun, and only then', () => {
    const trouble: PodState = {
      state: 'Trouble',
      reason: 'Degraded',
      message: 'no image.',
      refusal: undefined,
    };
    const message = (version: string, state: ContainerState) => {
      const pod = podOf({ initContainerStatuses: [containerStatus('bootstrap', state)] });
      const world = worldOf({ pod });
      const addon = { ...world.addon, status: { version } };
      return diagnose({ ...world, addon }, trouble, now).message;
    };
    const missing = { waiting: { reason: 'ImagePullBackOff' } };
    expect(message('1.7.11', missing)).toBe(
      'no image. The data was not opened by it yet: set spec.version to 1.7.11 to go back.',
    );
    expect(message('1.8.10', missing)).toBe('no image.');
    expect(message('1.7.11', { waiting: { reason: 'PodInitializing' } })).toBe('no image.');
  });

  it('says that there is no way back once the new server may have opened the data, and what there is instead', () => {
    const trouble: PodState = {
      state: 'Trouble',
      reason: 'Degraded',
      message: 'It ends.',
      refusal: undefined,
    };
    const world = worldOf({ pod: podOf() });
    const of = (version: string) =>
      diagnose({ ...world, addon: { ...world.addon, status: { version } } }, trouble, now).message;
    expect(of('1.7.11')).toMatch(
      /^It ends\. 1\.8\.10 may have opened the data.* 1\.7\.11 cannot have it back\..*backup/,
    );
    expect(of('1.8.10')).toBe('It ends.');
  });
});
