import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Json, mergePatch } from '../testing/patching.ts';
import { statusPatch } from './status-patch.ts';

it.each<[string, object | undefined, object, object | undefined]>([
  ['a first one is told whole', undefined, { a: 1, b: { c: [1] } }, { a: 1, b: { c: [1] } }],
  ['the same is no patch', { a: { b: [{ c: 1 }] } }, { a: { b: [{ c: 1 }] } }, undefined],
  [
    'what is wanted no more is taken out',
    { a: 1, b: { c: 1, d: 2 } },
    { b: { c: 1 } },
    { a: null, b: { d: null } },
  ],
  ['a list is told whole', { a: [1, 2] }, { a: [2] }, { a: [2] }],
  ['a value may take the place of a map', { a: { b: 1 } }, { a: 'x' }, { a: 'x' }],
])('of two statuses, %s', (_, seen, wanted, patch) => {
  expect(statusPatch(seen, wanted)).toEqual(patch);
});

it('a status that is patched so is the one that is wanted', () => {
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.integer(), { maxLength: 2 }));
  const key = fc.constantFrom('a', 'b', 'c');
  const status = fc.dictionary(key, fc.oneof(leaf, fc.dictionary(key, leaf)), { noNullPrototype: true });
  fc.assert(
    fc.property(status, status, (seen, wanted) => {
      const patch = statusPatch(seen, wanted) ?? {};
      expect(mergePatch(seen as Json, patch as Json)).toEqual(wanted);
    }),
  );
});
