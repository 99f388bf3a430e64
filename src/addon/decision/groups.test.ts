import { expect, it } from 'vitest';
import * as kinds from '../../kube/objects/kinds.ts';
import type { KubeObject } from '../../kube/objects/types.ts';
import type { Action } from './action.ts';
import { groupsOf, MOST_AT_ONCE } from './groups.ts';

const make = (kind: kinds.Kind<KubeObject>, opens = false, name = 'a'): Action => ({
  do: 'create',
  kind,
  object: { apiVersion: 'v1', kind: kind.kind, metadata: { name } },
  opens,
});
const key = { name: 'a', namespace: 'shop' };
const remove: Action = { do: 'delete', kind: kinds.Secret, key, uid: 'u', resourceVersion: '1', why: '' };
const namesOf = (actions: readonly Action[]) =>
  groupsOf(actions).map((group) =>
    group.map((each) => ('kind' in each ? `${each.do} ${each.kind.kind}` : each.do)),
  );

it('makes what stands by itself together, and the database when all of that is there', () => {
  const actions = [
    make(kinds.PersistentVolumeClaim),
    make(kinds.Secret),
    make(kinds.Secret),
    make(kinds.Service),
    make(kinds.NetworkPolicy),
    make(kinds.StatefulSet),
    make(kinds.Service, true),
  ];
  expect(namesOf(actions)).toEqual([
    ['create PersistentVolumeClaim'],
    ['create Secret', 'create Secret', 'create Service', 'create NetworkPolicy'],
    ['create StatefulSet'],
    ['create Service'],
  ]);
});

it('takes away before it makes, and does nothing else at once', () => {
  expect(namesOf([remove, make(kinds.Secret), { do: 'diagnose', names: [] }, make(kinds.Secret)])).toEqual([
    ['delete Secret'],
    ['create Secret'],
    ['diagnose'],
    ['create Secret'],
  ]);
  expect(groupsOf([])).toEqual([]);
});

it('makes the Secrets of many users a few at once, in their order', () => {
  const actions = Array.from({ length: 50 }, (_, index) => make(kinds.Secret, false, `user-${index}`));
  const groups = groupsOf(actions);
  expect(groups.flat()).toEqual(actions);
  expect(MOST_AT_ONCE).toBe(4);
  expect(groups.map(({ length }) => length)).toEqual([...Array<number>(12).fill(4), 2]);
});

it('begins nothing that stands on another before that is there', () => {
  const binding = { ...make(kinds.Secret, false, 'binding'), behind: true } as Action;
  const actions = [make(kinds.Secret), make(kinds.Service), binding, make(kinds.NetworkPolicy)];
  expect(namesOf(actions)).toEqual([
    ['create Secret', 'create Service'],
    ['create Secret', 'create NetworkPolicy'],
  ]);
});
