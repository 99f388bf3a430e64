import { expect, test } from 'vitest';
import type { Secret } from '../objects/kinds.ts';
import { NamespacedStore } from './namespaced-store.ts';
import type { Store } from './store.ts';
import type { Live } from '../objects/types.ts';

function secret(namespace: string, name: string, resourceVersion = '1'): Live<Secret> {
  return { metadata: { namespace, name, uid: `${namespace}-${name}`, resourceVersion } };
}

test('what is in a namespace is unknown until its first list is in', async () => {
  const secrets = new NamespacedStore<Secret>();
  const known: string[] = [];
  secrets.onKnown((namespace) => known.push(namespace));
  expect(secrets.knows('shop')).toBe(false);
  const store = secrets.open('shop');
  expect(secrets.knows('shop')).toBe(false);
  store.replace([secret('shop', 'a')], '1');
  await Promise.resolve();
  expect(secrets.knows('shop')).toBe(true);
  expect(known).toEqual(['shop']);
  expect(secrets.get('shop/a')?.metadata.uid).toBe('shop-a');
  expect(secrets.get('shop/b')).toBeUndefined();
});

test('namespaces do not see each other: a list of one says nothing about another', () => {
  const secrets = new NamespacedStore<Secret>();
  secrets.open('a').replace([secret('a', 'x')], '5');
  secrets.open('b').replace([], '9');
  expect([...secrets.list()].map(({ metadata }) => metadata.namespace)).toEqual(['a']);
  secrets.recordWrite(secret('b', 'y', '10'));
  expect(secrets.get('b/y')?.metadata.resourceVersion).toBe('10');
  secrets.recordDelete('b/y', 'b-y');
  expect(secrets.get('b/y')).toBeUndefined();
});

test('a write in a namespace that is not open is not kept', () => {
  const secrets = new NamespacedStore<Secret>();
  secrets.recordWrite(secret('a', 'x'));
  expect(secrets.get('a/x')).toBeUndefined();
});

test('each open namespace is watched once, and its watch ends when it is closed', async () => {
  const secrets = new NamespacedStore<Secret>();
  const watched = new Map<string, AbortSignal>();
  const end = new AbortController();
  secrets.open('before');
  const running = secrets.run(async (namespace: string, _store: Store<Secret>, signal) => {
    expect(watched.has(namespace)).toBe(false);
    watched.set(namespace, signal);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  }, end.signal);
  secrets.open('after');
  secrets.open('after');
  expect([...watched.keys()]).toEqual(['before', 'after']);
  secrets.close('after');
  expect(watched.get('after')?.aborted).toBe(true);
  expect(watched.get('before')?.aborted).toBe(false);
  expect(secrets.knows('after')).toBe(false);
  end.abort();
  await running;
  expect(watched.get('before')?.aborted).toBe(true);
});

test('nobody is told that what was in a closed namespace went', () => {
  const secrets = new NamespacedStore<Secret>();
  const changes: string[] = [];
  secrets.onObjectChange(({ key, after }) =>
    changes.push(`${key} ${after === undefined ? 'gone' : 'there'}`),
  );
  secrets.open('a').replace([secret('a', 'x')], '5');
  secrets.close('a');
  expect(changes).toEqual(['a/x there']);
  expect(secrets.get('a/x')).toBeUndefined();
});
