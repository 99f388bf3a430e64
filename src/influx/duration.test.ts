import { expect, it } from 'vitest';
import { seconds } from './duration.ts';

it.each([
  ['7d', 604_800],
  ['168h0m0s', 604_800],
  ['1h30m', 5_400],
  ['60s', 60],
  ['0s', 0],
  ['2w', 1_209_600],
  ['500ms', 0.5],
  ['INF', Number.POSITIVE_INFINITY],
])('%s is %d seconds', (text, expected) => {
  expect(seconds(text)).toBe(expected);
});

it.each(['', '5', 's', '5 s', '1y', '-5s', '1h x'])('%j is no duration', (text) => {
  expect(() => seconds(text)).toThrow(/duration/);
});
