import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { compareVersions } from '../objects/resource-version.ts';
import type { Change } from './store-options.ts';
import { Store } from './store.ts';
import type { ConfigMap } from '../objects/kinds.ts';
import type { Live } from '../objects/types.ts';

type Map1 = Live<ConfigMap>;

test('versions are compared as the integers they are, of any length', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.bigInt({ min: 0n, max: 10n ** 30n }), (a, b) => {
      expect(Math.sign(compareVersions(String(a), String(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
  );
});

/**
 * A server's true history, and a store that is told it late, with our own writes' answers in between: whatever
 * the interleaving, the store never goes back, never holds a ghost once told of the end, and ends equal.
 */
test('the store ends equal to the server, never goes back and never holds a ghost', () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('put' as const), key: fc.nat(2), ours: fc.boolean() }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('delete' as const), key: fc.nat(2), ours: fc.boolean() }),
    },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('deliver' as const), count: fc.nat(3) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('answer' as const), which: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('relist' as const), late: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('bookmark' as const) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const server = new Server();
      const { store, seen } = watched();
      const tell = (count: number): void => {
        for (const event of server.next(count)) deliver(store, event);
      };
      const answers: (() => void)[] = [];
      const ended = new Set<string>();
      store.replace(server.list(), server.version);
      for (const now of steps) {
        if (now.do === 'put') {
          const object = server.put(`k${now.key}`);
          if (now.ours) answers.push(() => store.recordWrite(object));
        } else if (now.do === 'delete') {
          const gone = server.delete(`k${now.key}`);
          if (gone && now.ours)
            answers.push(() => {
              const { uid } = gone.metadata;
              if (store.get(`n/k${now.key}`)?.metadata.uid === uid) ended.add(uid);
              store.recordDelete(`n/k${now.key}`, uid);
            });
        } else if (now.do === 'deliver') tell(now.count);
        else if (now.do === 'answer') answers.splice(now.which % (answers.length || 1), 1)[0]?.();
        else if (now.do === 'bookmark') {
          tell(Infinity);
          store.reached(server.version);
        } else {
          // Answers of writes made after the list was read may come before the list does, or between its parts.
          const [items, version] = [server.list(), server.version];
          const kept = store.kept(items.slice(0, 1), version);
          if (now.late) {
            answers.push(() => store.recordWrite(server.put('k0')));
            for (const answer of answers.splice(0)) answer();
          }
          kept.push(...store.kept(items.slice(1), version));
          store.take(kept, version);
          server.startAfter(version);
        }
        seen.check();
        for (const { metadata } of store.list()) expect(ended).not.toContain(metadata.uid);
      }
      for (const answer of answers) answer();
      tell(Infinity);
      store.reached(server.version);
      seen.check();
      expect(byName([...store.list()])).toEqual(byName(server.list()));
      // What was told by changes is what is there: nobody who only listens is misled.
      expect(byName([...seen.mirror.values()])).toEqual(byName(server.list()));
    }),
    { numRuns: 2000 },
  );
});

test('a write of ours is there at once, and its deletion by another is not undone by a late answer', () => {
  const server = new Server();
  const { store } = watched();
  store.replace([], server.version);
  const made = server.put('a');
  store.recordWrite(made);
  expect(store.get('n/a')).toEqual(made);
  server.delete('a');
  for (const event of server.next(Infinity)) deliver(store, event);
  expect(store.get('n/a')).toBeUndefined();
  store.recordWrite(made);
  expect(store.get('n/a')).toBeUndefined();
});

test('an object that we deleted does not come back by events that were under way', () => {
  const server = new Server();
  const { store } = watched();
  const made = server.put('a');
  store.replace(server.list(), server.version);
  server.startAfter(server.version);
  server.put('a');
  server.delete('a');
  store.recordDelete('n/a', made.metadata.uid);
  for (const event of server.next(1)) store.upsert(event.object);
  expect(store.get('n/a')).toBeUndefined();
});

test('what had the name before an object that we deleted does not come back by events that were under way', () => {
  const server = new Server();
  const { store } = watched();
  store.replace([], server.version);
  server.put('a');
  server.delete('a');
  const made = server.put('a');
  store.recordWrite(made);
  server.delete('a');
  store.recordDelete('n/a', made.metadata.uid);
  for (const event of server.next(1)) deliver(store, event);
  expect(store.get('n/a')).toBeUndefined();
});

test('an object that we deleted and that waits for its finalizers is there, as ending', () => {
  const server = new Server();
  const { store } = watched();
  const made = server.put('a');
  store.replace(server.list(), server.version);
  store.recordDelete('n/a', made.metadata.uid);
  const ending = server.put('a', { deletionTimestamp: '2026-01-01T00:00:00Z' });
  store.upsert(ending);
  expect(store.get('n/a')).toEqual(ending);
});

test('a write that the watch passes in silence was out of its sight and goes', () => {
  const server = new Server();
  const { store } = watched();
  store.replace([], server.version);
  store.recordWrite(server.put('unlabelled'));
  expect(store.size).toBe(1);
  store.reached(String(Number(server.version) + 1));
  expect(store.size).toBe(0);
});

test('an object deleted and made anew between two lists is told as gone and as new', () => {
  const server = new Server();
  const { store, changes } = watched();
  const first = server.put('a');
  store.replace(server.list(), server.version);
  server.delete('a');
  const second = server.put('a');
  changes.length = 0;
  store.replace(server.list(), server.version);
  expect(changes).toEqual([
    { key: 'n/a', before: first },
    { key: 'n/a', after: second },
  ]);
});

test('a list that tells nothing new changes nothing', () => {
  const server = new Server();
  const { store, changes } = watched();
  server.put('a');
  store.replace(server.list(), server.version);
  changes.length = 0;
  store.replace(server.list(), server.version);
  expect(changes).toEqual([]);
});

test('a server restored from a backup, whose versions start again lower, is believed', () => {
  const { store } = watched();
  store.replace([map('a', '900', 'u1'), map('b', '901', 'u2')], '905');
  store.recordWrite(map('c', '906', 'u3'));
  store.replace([map('a', '300', 'u1')], '310');
  expect([...store.list()].map((object) => object.metadata.resourceVersion)).toEqual(['300']);
  store.upsert(map('a', '311', 'u1'));
  expect(store.get('n/a')?.metadata.resourceVersion).toBe('311');
});

test('what an object is made small by is what was kept of it, and nothing of before the server was restored', () => {
  const told: string[] = [];
  const store = new Store<ConfigMap>({
    transform: (object, before) => {
      const { name, resourceVersion } = object.metadata;
      told.push(`${name} ${resourceVersion} by ${before?.metadata.resourceVersion ?? 'none'}`);
      return object;
    },
  });
  const since = () => told.splice(0);
  store.replace([map('a', '900'), map('b', '901')], '905');
  expect(since()).toEqual(['a 900 by none', 'b 901 by none']);
  store.replace([map('a', '900'), map('b', '906')], '907');
  store.upsert(map('a', '908'));
  store.recordWrite(map('a', '909'));
  expect(since()).toEqual(['b 906 by 901', 'a 908 by 900', 'a 909 by 908']);
  const first = store.kept([map('a', '300')], '310');
  const others = store.kept([map('b', '906')], '310');
  store.take([...first, ...others], '310');
  expect(since()).toEqual(['a 300 by none', 'b 906 by none']);
  store.upsert(map('a', '311'));
  expect(since()).toEqual(['a 311 by 300']);
  // Versions of a restored server may have been made to go on above those of before.
  store.take(store.kept([map('a', '5000'), map('b', '906')], '5001', { afterGap: true }), '5001');
  expect(since()).toEqual(['a 5000 by none']);
});

test('a listener that throws keeps nothing from the others and is reported', () => {
  const onError = vi.fn<(error: unknown) => void>();
  const store = new Store<ConfigMap>({ onError });
  const keys: string[] = [];
  store.onChange(() => {
    throw new Error('broken listener');
  });
  const end = store.onChange(({ key }) => keys.push(key));
  store.replace([map('a', '1'), map('b', '2')], '2');
  store.upsert(map('c', '3'));
  end();
  store.upsert(map('d', '4'));
  expect(keys).toEqual(['n/a', 'n/b', 'n/c']);
  expect(onError).toHaveBeenCalledTimes(4);
});

test('an index that cannot cope with one object still finds the others', () => {
  const onError = vi.fn<(error: unknown) => void>();
  const indexes = { app: (object: Map1) => [(object.data as Record<string, string>)['app'] as string] };
  const store = new Store<ConfigMap>({ indexes, onError });
  store.replace([map('poison', '1', 'p'), map('a', '2', 'u', { app: 'web' })], '2');
  expect(store.byIndex('app', 'web')).toHaveLength(1);
  expect(store.size).toBe(2);
  expect(onError).toHaveBeenCalledTimes(1);
});

test('an index follows its objects', () => {
  const store = new Store<ConfigMap>({ indexes: { app: ({ data }) => [data?.['app'] ?? 'none'] } });
  store.replace([map('a', '1', 'u', { app: 'web' }), map('b', '2', 'v', { app: 'web' })], '2');
  expect(store.byIndex('app', 'web').map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  store.upsert(map('a', '3', 'u', { app: 'job' }));
  store.remove(map('b', '4', 'v'));
  expect(store.byIndex('app', 'web')).toEqual([]);
  expect(store.byIndex('app', 'job')).toHaveLength(1);
  expect(() => store.byIndex('application', 'web')).toThrow('no index "application"');
});

test('managedFields are not kept, and the caller keeps the object it gave', () => {
  const store = new Store<ConfigMap>();
  const given = map('a', '5');
  given.metadata.managedFields = [{ manager: 'somebody' }];
  store.recordWrite(given);
  expect(store.get('n/a')?.metadata.managedFields).toBeUndefined();
  expect(given.metadata.managedFields).toHaveLength(1);
});

test('synced resolves with the first list, when the listeners know of it', async () => {
  const { store, changes } = watched();
  const told = store.synced.then(() => changes.length);
  expect(store.hasSynced).toBe(false);
  store.replace([map('a', '1')], '1');
  expect(store.hasSynced).toBe(true);
  expect(await told).toBe(1);
});

test('of a list in parts, what is known is not made small again, and nothing is seen before its end', () => {
  const made: string[] = [];
  const store = new Store<ConfigMap>({
    transform: (object) => {
      made.push(object.metadata.name);
      return object;
    },
  });
  const list = ['a', 'b', 'c'].map((name, at) => map(name, String(at + 1)));
  const kept = [...store.kept(list.slice(0, 2), '3'), ...store.kept(list.slice(2), '3')];
  expect([made, store.size, store.hasSynced]).toEqual([['a', 'b', 'c'], 0, false]);
  store.take(kept, '3');
  const present = store.get('n/a');
  // What we write or delete while the next list comes in is newer than what the list says.
  const next = store.kept([...list.slice(0, 2), map('c', '4')], '5');
  store.recordWrite(map('a', '6'));
  store.recordDelete('n/b', store.get('n/b')?.metadata.uid ?? '');
  store.take(next, '5');
  expect(made).toEqual(['a', 'b', 'c', 'c', 'a']);
  expect(present?.metadata.resourceVersion).toBe('1');
  expect([...store.list()].map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`)).toEqual([
    'a 6',
    'c 4',
  ]);
  // Another past: the same version may be another content.
  store.take(store.kept([map('c', '4')], '4'), '4');
  expect(made.at(-1)).toBe('c');
  expect(made).toHaveLength(6);
});

function map(
  name: string,
  resourceVersion: string,
  uid = `uid-${name}`,
  data?: Record<string, string>,
): Map1 {
  return { metadata: { namespace: 'n', name, uid, resourceVersion }, ...(data ? { data } : {}) };
}

function deliver(store: Store<ConfigMap>, event: { object: Map1; gone: boolean }): void {
  if (event.gone) store.remove(event.object);
  else store.upsert(event.object);
}

function byName(objects: Map1[]): Map1[] {
  return objects.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** A store whose changes are recorded and checked to fit together. */
function watched(): {
  store: Store<ConfigMap>;
  changes: Change<ConfigMap>[];
  seen: { mirror: Map<string, Map1>; check(): void };
} {
  const store = new Store<ConfigMap>();
  const changes: Change<ConfigMap>[] = [];
  const mirror = new Map<string, Map1>();
  const newest = new Map<string, string>();
  const faults: string[] = [];
  store.onChange((change) => {
    changes.push(change);
    const { key, before, after } = change;
    if (mirror.get(key) !== before) faults.push(`${key}: "before" is not what was told last`);
    if (!after) {
      mirror.delete(key);
      return;
    }
    mirror.set(key, after);
    const { uid, resourceVersion } = after.metadata;
    if (newest.has(key) && compareVersions(resourceVersion, newest.get(key) as string) <= 0)
      faults.push(`${key}: went back to ${resourceVersion} (${uid})`);
    newest.set(key, resourceVersion);
  });
  const check = (): void => {
    expect(faults).toEqual([]);
    expect(new Map([...store.list()].map((object) => [`n/${object.metadata.name}`, object]))).toEqual(mirror);
  };
  return { store, changes, seen: { mirror, check } };
}

/** The truth: objects, and the events that a watch has yet to tell. */
class Server {
  #revision = 8;
  #uid = 0;
  readonly #objects = new Map<string, Map1>();
  #events: { object: Map1; gone: boolean }[] = [];

  get version(): string {
    return String(this.#revision);
  }

  list(): Map1[] {
    return [...this.#objects.values()];
  }

  put(name: string, metadata: { deletionTimestamp?: string } = {}): Map1 {
    const uid = this.#objects.get(name)?.metadata.uid ?? `uid-${this.#uid++}`;
    const object: Map1 = {
      metadata: { namespace: 'n', name, uid, resourceVersion: String(++this.#revision), ...metadata },
    };
    this.#objects.set(name, object);
    this.#events.push({ object, gone: false });
    return object;
  }

  delete(name: string): Map1 | undefined {
    const present = this.#objects.get(name);
    if (!present) return undefined;
    this.#objects.delete(name);
    const metadata = { ...present.metadata, resourceVersion: String(++this.#revision) };
    this.#events.push({ object: { ...present, metadata }, gone: true });
    return present;
  }

  next(count: number): { object: Map1; gone: boolean }[] {
    return this.#events.splice(0, Math.min(count, this.#events.length));
  }

  startAfter(version: string): void {
    this.#events = this.#events.filter(
      ({ object }) => compareVersions(object.metadata.resourceVersion, version) > 0,
    );
  }
}
