import { expect, it } from 'vitest';
import { retentionDuration, shardDuration } from './duration.ts';

const retention = retentionDuration('');
const shards = shardDuration('');

it.each([
  ['7d', true, true],
  ['1w2d3h4m5s', true, true],
  ['168h0m0s', true, true],
  ['90m', true, true],
  ['60m', true, true],
  ['3600s', true, true],
  ['59m60s', true, true],
  ['0h60m', true, true],
  ['INF', true, false],
  ['0s', true, false],
  ['0h', true, false],
  ['0h0m0s', true, false],
  ['59m59s', false, false],
  ['3599s', false, false],
  ['30m', false, false],
  ['0h30m', false, false],
  ['', false, false],
  ['0', false, false],
  ['1h 30m', false, false],
  ['30m1h', false, false],
  ['-1h', false, false],
  ['1.5h', false, false],
])('%s may be a retention: %s, the length of a shard group: %s', (text, isRetention, isShard) => {
  expect(retention.safeParse(text).success).toBe(isRetention);
  expect(shards.safeParse(text).success).toBe(isShard);
});
