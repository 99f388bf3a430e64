import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ApiError } from '../../kube/api/api-error.ts';
import { together } from './together.ts';

const failing = new ApiError({ code: 503, reason: 'ServiceUnavailable', message: 'not now' });
const busy = (retryAfterMs: number) =>
  new ApiError({ code: 429, reason: 'TooManyRequests', message: 'too many', retryAfterMs });

/** What each of them comes to, the last of the order answering first or last. */
async function run(ends: Record<string, unknown>, order: 'forwards' | 'backwards') {
  const names = Object.keys(ends);
  const told: unknown[] = [];
  const ended: string[] = [];
  const result = await together(
    names,
    async (name) => {
      const turns = order === 'forwards' ? names.indexOf(name) : names.length - names.indexOf(name);
      for (let turn = 0; turn < turns; turn += 1) await setImmediate();
      ended.push(name);
      if (ends[name] instanceof Error) throw ends[name];
      return ends[name];
    },
    (name, failure) => told.push([name, failure]),
  ).catch((error: unknown) => error);
  expect(ended.toSorted()).toEqual(names.toSorted());
  return { result, told };
}

it.each(['forwards', 'backwards'] as const)(
  'what all of them come to, in their order (%s)',
  async (order) => {
    expect(await run({ a: 1, b: undefined, c: 3 }, order)).toEqual({ result: [1, undefined, 3], told: [] });
  },
);

it.each(['forwards', 'backwards'] as const)(
  'of several that fail the first is told, once, with the longest wait (%s)',
  async (order) => {
    const { result, told } = await run({ a: 1, b: failing, c: busy(20_000), d: busy(3_000) }, order);
    expect(result).toMatchObject({ code: 503, message: 'not now', retryAfterMs: 20_000, cause: failing });
    expect(told).toEqual([['b', result]]);
  },
);

it('what failed alone, or waits longest itself, is told as it is', async () => {
  const longest = busy(20_000);
  const { result, told } = await run({ a: longest, b: failing, c: busy(3_000) }, 'forwards');
  expect(result).toBe(longest);
  expect(told).toEqual([['a', longest]]);
  const bug = new TypeError('a bug');
  expect((await run({ a: 1, b: bug }, 'forwards')).result).toBe(bug);
});
