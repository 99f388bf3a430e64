import { describe, expect, it } from 'vitest';
import { KubeClient } from '../../kube/api/client.ts';
import { Deployment, type Kind, PersistentVolumeClaim, StatefulSet } from '../../kube/objects/kinds.ts';
import type { KubeObject } from '../../kube/objects/types.ts';
import { errorOf } from '../../kube/api/status.ts';
import { act } from './act.ts';
import { type Actor } from './actor.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import type { Action } from '../decision/action.ts';
import { Memories } from '../observe/memories.ts';
import { makeStores } from '../observe/stores.ts';
import { addonOf, NAMESPACE, NOW, SETTINGS } from '../testing/fixtures.ts';

const { signal } = new AbortController();

/** An API server that answers every request with this. */
function actorOn(code: number, status: object): Actor {
  const client = new KubeClient(
    {
      request: (request) => Promise.reject(errorOf(request, code, { kind: 'Status', ...status })),
      watch: () => {
        throw new Error('nothing is watched');
      },
      close: async () => {},
    },
    { fieldManager: 'test' },
  );
  const clock = { now: () => NOW.getTime(), monotonic: () => 0, after: () => ({ cancel: () => {} }) };
  const influx = { send: () => Promise.reject(new Error('nothing is asked')), close: async () => {} };
  const warnings = { newest: () => Promise.reject(new Error('nothing is asked')) };
  return {
    client,
    influx,
    stores: makeStores(),
    memories: new Memories(),
    clock,
    warnings,
    settings: SETTINGS,
  };
}

const create: Action = {
  do: 'create',
  kind: PersistentVolumeClaim,
  object: { metadata: { namespace: NAMESPACE, name: 'db-influx-data' } },
};

it('a write to a namespace that is going away is not tried again until the cache may know', async () => {
  const addon = addonOf();
  const actor = actorOn(403, {
    reason: 'Forbidden',
    details: { causes: [{ reason: 'NamespaceTerminating' }] },
  });
  expect(await act(actor, addon, create, signal)).toEqual({ result: 'wait', ms: 1_000 });
  expect(actor.memories.get(addon.metadata.uid).findings).toEqual([]);
});

it('a write that is forbidden otherwise is a finding, tried again after half a minute', async () => {
  const addon = addonOf();
  const actor = actorOn(403, { reason: 'Forbidden', message: 'exceeded quota: small' });
  expect(await act(actor, addon, create, signal)).toEqual({ result: 'refused' });
  expect(actor.memories.get(addon.metadata.uid).findings).toMatchObject([
    {
      target: 'PersistentVolumeClaim/db-influx-data',
      reason: 'QuotaExceeded',
      untilMs: NOW.getTime() + 30_000,
    },
  ]);
});

describe('a request about an app that fails', () => {
  const addon = addonOf();
  const { uid } = addon.metadata;
  const about = { kind: Deployment as Kind<KubeObject>, key: { namespace: NAMESPACE, name: 'web' } };
  const patch: Action = { do: 'patch', ...about, type: 'strategic', body: {}, why: 'restart' };
  const look: Action = { do: 'findOwners', ...about };
  /** An API server whose answers are these, one after the other. */
  const answering = (...answers: (ApiError | object)[]) => {
    let nowMs = NOW.getTime();
    const transport = {
      request: async () => {
        const answer = answers.shift() ?? expect.unreachable();
        if (answer instanceof ApiError) throw answer;
        return await Promise.resolve(answer);
      },
      watch: () => expect.unreachable(),
      close: async () => {},
    };
    const actor = {
      ...actorOn(500, {}),
      client: new KubeClient(transport, { fieldManager: 'test' }),
      clock: { now: () => nowMs, monotonic: () => 0, after: () => ({ cancel: () => {} }) },
    };
    return { actor, pass: (ms: number) => (nowMs += ms) };
  };
  const error = (code: number, reason: string) => new ApiError({ code, reason, message: `${reason}: words` });

  it.each([
    ['a webhook that fails', 500, 'InternalError'],
    ['a server that asks to be spared', 429, 'TooManyRequests'],
    ['no answer in time', 0, 'Timeout'],
    ['another answer', 418, 'Teapot'],
  ])("is that app's finding: %s", async (_, code, reason) => {
    for (const action of [patch, look]) {
      const { actor } = answering(error(code, reason));
      expect(await act(actor, addon, action, signal)).toEqual({ result: 'refused' });
      const [finding, ...others] = actor.memories.get(uid).findings;
      expect(others).toEqual([]);
      expect(finding).toMatchObject({ target: 'Deployment/web', untilMs: NOW.getTime() + 30_000 });
      expect(finding?.message).toContain(`${reason}: words`);
    }
  });

  it.each([
    ['it is gone', 404, 'NotFound'],
    ['it has changed', 409, 'Conflict'],
    ['nobody waits for the answer any more', 0, 'Aborted'],
    ['another process leads', 0, 'NotLeader'],
  ])('is looked at again at once when %s', async (_, code, reason) => {
    const { actor } = answering(error(code, reason));
    await expect(act(actor, addon, patch, signal)).rejects.toMatchObject({ reason });
    expect(actor.memories.get(uid).findings).toEqual([]);
  });

  it('is tried ever more rarely, and soon again once it went well', async () => {
    const fails = Array.from({ length: 7 }, () => error(500, 'InternalError'));
    const { actor, pass } = answering(...fails, { metadata: { name: 'web' } }, error(500, 'InternalError'));
    const waits: number[] = [];
    for (const _ of fails) {
      await act(actor, addon, patch, signal);
      const untilMs = actor.memories.get(uid).findings[0]?.untilMs ?? 0;
      waits.push((untilMs - actor.clock.now()) / 1_000);
      pass(untilMs - actor.clock.now());
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 600, 600]);
    expect(await act(actor, addon, patch, signal)).toEqual({ result: 'done' });
    expect(actor.memories.get(uid).findings).toEqual([]);
    await act(actor, addon, patch, signal);
    expect(actor.memories.get(uid).findings[0]?.untilMs).toBe(actor.clock.now() + 30_000);
  });

  it('about the StatefulSet of the database is no matter of an app', async () => {
    const { actor } = answering(error(500, 'InternalError'));
    const key = { namespace: NAMESPACE, name: 'my-app-influx' };
    const action: Action = { ...patch, kind: StatefulSet as Kind<KubeObject>, key };
    await expect(act(actor, addon, action, signal)).rejects.toMatchObject({ code: 500 });
  });
});
