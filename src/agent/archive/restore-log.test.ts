import { expect, it } from 'vitest';
import { leftOut } from './restore-log.ts';

it('a shard is restored when the tool says so, and not when it skips it or never comes to it', () => {
  const log = `2026/01/31 00:01:02 Restoring shard 2 live from backup 20260131T000102Z.s2.tar.gz
2026/01/31 00:01:02 Meta info not found for shard 12 on database shop_1234. Skipping shard file 20260131T000102Z.s12.tar.gz
2026/01/31 00:01:02 Restoring shard 7 live from backup 20260131T000102Z.s7.tar.gz
2026/01/31 00:01:03 error updating shards: connection reset by peer
`;
  expect(leftOut([2, 12, 7, 9], log)).toEqual([12, 9]);
  expect(leftOut([2, 7], log)).toEqual([]);
});
