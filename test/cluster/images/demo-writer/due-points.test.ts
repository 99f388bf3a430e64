import { expect, test } from 'vitest';
import { DuePoints } from './due-points.ts';

test('a point is due at once, and then one every interval', () => {
  const due = new DuePoints(1000, 10);
  expect(due.until(999)).toEqual([]);
  expect(due.until(1000)).toEqual([{ n: 1, timestamp: 1000 }]);
  due.done(1);
  expect(due.nextAt).toBe(1010);
  expect(due.until(1009)).toEqual([]);
  expect(due.until(1030).map(({ timestamp }) => timestamp)).toEqual([1010, 1020, 1030]);
});

test('points that were not acknowledged come again, the same and first', () => {
  const due = new DuePoints(0, 10);
  const first = due.until(20);
  expect(due.until(30).slice(0, 3)).toEqual(first);
});

test('what piled up comes in portions, none left out and none twice', () => {
  const due = new DuePoints(0, 10);
  const seen: number[] = [];
  for (let points = due.until(12_345); points.length > 0; points = due.until(12_345)) {
    expect(points.length).toBeLessThanOrEqual(500);
    seen.push(...points.map(({ timestamp }) => timestamp));
    due.done(points.length);
  }
  expect(seen).toEqual(Array.from({ length: 1235 }, (_, index) => index * 10));
});
