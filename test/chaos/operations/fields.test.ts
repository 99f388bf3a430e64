import { expect, test } from 'vitest';
import { AT_CREATION, allChanges, changes, coverOf } from './changes.ts';
import { fieldsOfSpec } from './fields.ts';
import { allMisuses } from './misuses.ts';

test('every field of an addon has a valid change that is generated, and no change is of a field that does not exist', () => {
  const fields = fieldsOfSpec();
  expect(fields.filter(({ path }) => coverOf(path) === undefined).map(({ path }) => path)).toEqual([]);
  const covering = new Set(fields.map(({ path }) => coverOf(path)));
  expect(Object.keys(changes).filter((key) => !covering.has(key))).toEqual([]);
  const changed = new Set(allChanges().map(({ field }) => field));
  expect(Object.keys(changes).filter((key) => !changed.has(key))).toEqual(AT_CREATION);
});

test('every field of an addon has a misuse that is generated', () => {
  const misused = new Set(allMisuses().map(({ field }) => field));
  expect(fieldsOfSpec().filter(({ path }) => !misused.has(path))).toEqual([]);
});
