import { effect } from '@preact/signals';
import { expect, test } from 'vitest';
import type { Row } from '../wire.ts';
import { Rows } from './rows.ts';

function row(name: string, more: Partial<Row> = {}): Row {
  return { namespace: 'shop', name, plan: '1g', status: 'Ready', health: 'Good', ...more };
}

/** Counts how often what reads it is drawn. */
function drawn(read: () => unknown): () => number {
  let times = 0;
  effect(() => {
    read();
    times += 1;
  });
  return () => times - 1;
}

test('a change of one addon draws its line, and neither the others nor the list', () => {
  const rows = new Rows();
  rows.replace([row('b'), row('a')]);
  expect(rows.shown.value).toEqual(['shop/a', 'shop/b']);
  const [list, a, b] = [
    drawn(() => rows.shown.value),
    drawn(() => rows.cell('shop/a').value),
    drawn(() => rows.cell('shop/b').value),
  ];
  rows.change({ rows: [row('a', { status: 'ChangingPlan', health: 'Busy' })], gone: [] });
  rows.change({ rows: [row('b')], gone: [] });
  expect([list(), a(), b()]).toEqual([0, 1, 0]);
});

test('lines come and go', () => {
  const rows = new Rows();
  rows.replace([row('a')]);
  const list = drawn(() => rows.shown.value);
  rows.change({ rows: [row('c'), row('b')], gone: ['shop/a', 'shop/unknown'] });
  expect(rows.shown.value).toEqual(['shop/b', 'shop/c']);
  expect(list()).toBe(1);
  rows.replace([row('d')]);
  expect(rows.shown.value).toEqual(['shop/d']);
});

test('a search shows what has its words in any column, and follows changes', () => {
  const rows = new Rows();
  rows.replace([row('a', { id: 'a_1' }), row('b', { status: 'Blocked', health: 'Bad' })]);
  rows.search.value = ' A_1 ';
  expect(rows.shown.value).toEqual(['shop/a']);
  rows.search.value = 'blocked';
  expect(rows.shown.value).toEqual(['shop/b']);
  rows.search.value = '';
  rows.onlyBad.value = true;
  expect(rows.shown.value).toEqual(['shop/b']);
  rows.change({ rows: [row('b')], gone: [] });
  expect(rows.shown.value).toEqual([]);
});
