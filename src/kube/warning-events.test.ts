import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from './api/api-error.ts';
import { KubeClient } from './api/client.ts';
import type { ApiRequest } from './api/transport.ts';
import { VirtualClock } from './testing/virtual-clock.ts';
import { WarningEvents } from './warning-events.ts';

const { signal } = new AbortController();

let clock: VirtualClock;
let asked: ApiRequest[];
let answer: (request: ApiRequest) => Promise<unknown>;
let warnings: WarningEvents;

beforeEach(() => {
  clock = new VirtualClock();
  asked = [];
  answer = async () => page([event('a', 1, 'of a'), event('b', 1, 'of b')]);
  const client = new KubeClient(
    {
      request: (request) => {
        asked.push(request);
        return answer(request);
      },
      watch: () => {
        throw new Error('nobody watches');
      },
      close: () => Promise.resolve(),
    },
    { fieldManager: 'test' },
  );
  warnings = new WarningEvents(client, clock);
});

function event(name: string, second: number, message: string, reason = 'FailedCreate'): object {
  const lastTimestamp = `2030-01-01T00:00:${String(second).padStart(2, '0')}Z`;
  return { involvedObject: { name }, reason, message, lastTimestamp };
}

function page(items: readonly object[], next?: string): object {
  return { items, metadata: { resourceVersion: '1', ...(next === undefined ? {} : { continue: next }) } };
}

function places(): (string | undefined)[] {
  return asked.map(({ path }) => path.split('/')[4]);
}

const failure = (code: number): ApiError => new ApiError({ code, reason: 'Unknown', message: 'no' });

describe('the warnings of a namespace are read', () => {
  it('once for all that ask at once or within three seconds, each of which is told of its own', async () => {
    expect(await Promise.all(['a', 'b', 'c'].map((name) => warnings.newest('shop', [name], signal)))).toEqual(
      ['of a', 'of b', undefined],
    );
    await clock.advance(2_999);
    expect(await warnings.newest('shop', ['b', 'c'], signal)).toBe('of b');
    expect(places()).toEqual(['shop']);
  });

  it('anew after three seconds, by whatever the wall clock says', async () => {
    await warnings.newest('shop', ['a'], signal);
    answer = async () => page([event('a', 2, 'newer')]);
    clock.jump(60_000);
    expect(await warnings.newest('shop', ['a'], signal)).toBe('of a');
    await clock.advance(3_000);
    expect(await warnings.newest('shop', ['a'], signal)).toBe('newer');
    expect(places()).toEqual(['shop', 'shop']);
  });

  it('apart from those of another', async () => {
    answer = async ({ path }) => page([event('a', 1, path.split('/')[4] ?? '')]);
    const both = ['shop', 'blog'].map((namespace) => warnings.newest(namespace, ['a'], signal));
    expect(await Promise.all(both)).toEqual(['shop', 'blog']);
    expect(places()).toEqual(['shop', 'blog']);
  });

  it('anew when it failed, for all that waited for it', async () => {
    answer = () => Promise.reject(failure(500));
    const both = await Promise.allSettled(['a', 'b'].map((name) => warnings.newest('shop', [name], signal)));
    expect(both).toMatchObject([{ reason: { code: 500 } }, { reason: { code: 500 } }]);
    expect(places()).toEqual(['shop']);
    answer = async () => page([event('a', 1, 'of a')]);
    expect(await warnings.newest('shop', ['a'], signal)).toBe('of a');
    expect(places()).toEqual(['shop', 'shop']);
  });
});

describe('one that waits no longer', () => {
  it('leaves the others waiting, and the last of them ends the request', async () => {
    const { promise, resolve } = Promise.withResolvers<object>();
    answer = () => promise;
    const [first, second] = [new AbortController(), new AbortController()];
    const gone = warnings.newest('shop', ['a'], first.signal);
    const stays = warnings.newest('shop', ['b'], second.signal);
    first.abort(new Error('enough'));
    await expect(gone).rejects.toThrow('enough');
    expect(asked[0]?.signal?.aborted).toBe(false);
    resolve(page([event('b', 1, 'of b')]));
    expect(await stays).toBe('of b');
  });

  it('alone, ends the request, and whoever comes then is told by another', async () => {
    const late = Promise.withResolvers<object>();
    answer = () => late.promise;
    const only = new AbortController();
    const gone = warnings.newest('shop', ['a'], only.signal);
    only.abort(new Error('enough'));
    await expect(gone).rejects.toThrow('enough');
    expect(asked[0]?.signal?.aborted).toBe(true);
    answer = async () => page([event('a', 2, 'newer')]);
    expect(await warnings.newest('shop', ['a'], signal)).toBe('newer');
    late.resolve(page([event('a', 1, 'late')]));
    await clock.advance(0);
    expect(await warnings.newest('shop', ['a'], signal)).toBe('newer');
    expect(asked).toHaveLength(2);
  });
});

describe('a list', () => {
  it('of several pages is read to its end, and the newest counts', async () => {
    answer = async ({ query }) =>
      query?.['continue'] === undefined
        ? page([event('a', 3, 'newest'), event('a', 4, 'no explanation', 'BackOff')], 'more')
        : page([event('a', 2, 'old'), event('b', 1, 'of b')]);
    expect(await warnings.newest('shop', ['a', 'b'], signal)).toBe('newest');
    expect(await warnings.newest('shop', ['b'], signal)).toBe('of b');
    expect(asked.map(({ query }) => [query?.['limit'], query?.['fieldSelector']])).toEqual([
      ['500', 'type=Warning'],
      ['500', 'type=Warning'],
    ]);
  });

  it('whose next page is gone begins once again', async () => {
    answer = vi
      .fn()
      .mockResolvedValueOnce(page([event('a', 1, 'of a')], 'more'))
      .mockRejectedValueOnce(failure(410))
      .mockResolvedValueOnce(page([event('a', 2, 'newer')]));
    expect(await warnings.newest('shop', ['a'], signal)).toBe('newer');
  });

  it('without an end is given up after twenty pages', async () => {
    answer = async () => page([event(`x${asked.length}`, 1, 'of x')], 'more');
    expect(await warnings.newest('shop', ['x20', 'x21'], signal)).toBe('of x');
    expect(asked).toHaveLength(20);
  });
});

describe('of a namespace with more warnings than are read', () => {
  const selectors = () => asked.splice(0).map(({ query }) => query?.['fieldSelector']);

  beforeEach(async () => {
    answer = async ({ query }) => {
      const [, name] = /^involvedObject\.name=(.*),type=Warning$/.exec(query?.['fieldSelector'] ?? '') ?? [];
      if (name === undefined) return page([event('a', 1, 'of a')], 'more');
      return page(name === 'none' ? [] : [event(name, name === 'y' ? 2 : 1, `of ${name}`)]);
    };
    expect(await warnings.newest('shop', ['a', 'z'], signal)).toBe('of a');
    expect(new Set(selectors())).toEqual(new Set(['type=Warning']));
  });

  it('those of an object that are not among these are asked for by its name, once within three seconds', async () => {
    const both = [warnings.newest('shop', ['z'], signal), warnings.newest('shop', ['z'], signal)];
    expect(await Promise.all(both)).toEqual(['of z', 'of z']);
    await clock.advance(2_999);
    expect(await warnings.newest('shop', ['z'], signal)).toBe('of z');
    expect(selectors()).toEqual(['involvedObject.name=z,type=Warning']);
  });

  it('the newest of all names counts, and that there is none is kept too', async () => {
    expect(await warnings.newest('shop', ['x', 'y', 'none'], signal)).toBe('of y');
    expect(await warnings.newest('shop', ['none'], signal)).toBeUndefined();
    expect(selectors()).toEqual(['x', 'y', 'none'].map((name) => `involvedObject.name=${name},type=Warning`));
  });

  it('these are kept beside those of one, however many they are', async () => {
    await clock.advance(3_000);
    const ofAll = answer;
    answer = async (request) =>
      request.query?.['fieldSelector'] === 'type=Warning'
        ? page(
            Array.from({ length: 500 }, (_, at) => event(`a${asked.length}-${at}`, 1, 'of a')),
            'more',
          )
        : ofAll(request);
    for (const name of ['x', 'y', 'z'])
      expect(await warnings.newest('shop', [name], signal)).toBe(`of ${name}`);
    expect(selectors()).toHaveLength(20 + 3);
  });

  it('an object is not that of its name elsewhere', async () => {
    expect(await warnings.newest('shop', ['z'], signal)).toBe('of z');
    expect(await warnings.newest('blog', ['z'], signal)).toBe('of z');
    expect(asked.filter(({ path }) => path.includes('/blog/'))).toHaveLength(21);
  });
});

it('no more than ten thousand messages are kept, the oldest go', async () => {
  answer = async () => page(Array.from({ length: 4_000 }, (_, at) => event(`x${at}`, 1, 'of x')));
  for (const namespace of ['one', 'two', 'three', 'three', 'two', 'one'])
    await warnings.newest(namespace, ['x1'], signal);
  expect(places()).toEqual(['one', 'two', 'three', 'one']);
});
