import { expect, it, vi } from 'vitest';
import { ApiError } from '../kube/api/api-error.ts';
import { ConfigMap, Secret, type Kind } from '../kube/objects/kinds.ts';
import type { KubeObject } from '../kube/objects/types.ts';
import { runTasks, type TaskActor } from './act.ts';
import type { TaskAction, TaskDecision } from './decision/action.ts';

const live = { metadata: { name: 'undo', namespace: 'shop', uid: 'u', resourceVersion: '1' } };

const nobody = { events: { event: () => {} }, clock: { now: () => 0 }, log: { info: () => {} } };

/** Runs one creation that is answered with this, and then nothing. */
async function created(answer: ApiError) {
  const told: string[] = [];
  const tell = (words: string): TaskAction => {
    told.push(words);
    return { do: 'status', kind: Secret as Kind<KubeObject>, live, status: {}, events: [] };
  };
  const object = { metadata: { name: 'claim', namespace: 'shop' } };
  const action: TaskAction = {
    do: 'create',
    kind: ConfigMap as Kind<KubeObject>,
    object,
    refused: tell,
  };
  const decisions: TaskDecision[] = [
    { actions: [action], requeueAfterMs: undefined },
    { actions: [], requeueAfterMs: 15_000 },
  ];
  const writeStatus = vi.fn(async () => live);
  const client = { create: () => Promise.reject(answer), writeStatus };
  const actor = { client, stores: {}, ...nobody } as unknown as TaskActor;
  const run = runTasks(actor, 'shop/undo', () => decisions.shift(), new AbortController().signal);
  const end: unknown = await run.catch((error: unknown) => error);
  return { end, told, writes: writeStatus.mock.calls.length };
}

it.each([403, 422])('what is refused with %i is told in the words of the server', async (code) => {
  const found = await created(new ApiError({ code, reason: 'Forbidden', message: 'exceeded quota: disks' }));
  expect(found).toMatchObject({ end: { requeueAfterMs: 15_000 }, writes: 1 });
  expect(found.told[0]).toContain('exceeded quota: disks');
});

it.each([500, 409, 0])('what fails with %i is tried again, and told to nobody', async (code) => {
  const found = await created(new ApiError({ code, reason: 'Unknown', message: 'oh' }));
  expect(found).toMatchObject({ end: { code }, told: [], writes: 0 });
});

it('a Job that is given up is deleted, and what follows knows why its pod did not start, where that may be read', async () => {
  const forbidden = new ApiError({ code: 403, reason: 'Forbidden', message: 'no' });
  for (const [newest, words] of [
    [async () => 'exceeded quota: pods', 'exceeded quota: pods'],
    [() => Promise.reject(forbidden), undefined],
  ] as const) {
    const did: unknown[] = [];
    const client = { delete: async () => did.push('deleted') };
    const action: TaskAction = {
      do: 'giveUp',
      kind: ConfigMap as Kind<KubeObject>,
      live,
      names: ['undo'],
      next: (why) => {
        did.push(why);
        return undefined;
      },
    };
    const decisions: TaskDecision[] = [
      { actions: [action], requeueAfterMs: undefined },
      { actions: [], requeueAfterMs: undefined },
    ];
    const actor = { client, stores: {}, warnings: { newest }, ...nobody } as unknown as TaskActor;
    await runTasks(actor, 'shop/undo', () => decisions.shift(), new AbortController().signal);
    expect(did).toEqual(['deleted', words]);
  }
});
