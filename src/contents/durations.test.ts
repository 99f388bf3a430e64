import { describe, expect, it } from 'vitest';
import { durationMistake, inWords, isShorter, policyDurations } from './durations.ts';

describe('durations of retention policies', () => {
  it.each([
    ['7d', 604_800, 86_400],
    ['168h', 604_800, 86_400],
    ['1w', 604_800, 86_400],
    ['INF', 0, 604_800],
    ['0s', 0, 604_800],
    ['90m', 5_400, 3_600],
    ['47h', 169_200, 3_600],
    ['48h', 172_800, 86_400],
    ['180d', 15_552_000, 604_800],
    ['1d12h', 129_600, 3_600],
  ])('%s count by their value, with shards as the engine chooses them', (duration, seconds, shards) => {
    expect(policyDurations({ duration })).toEqual({ durationSeconds: seconds, shardDurationSeconds: shards });
  });

  it.each([
    [{ duration: '1h' }, undefined],
    [{ duration: '1d', shardDuration: '24h' }, undefined],
    [{ duration: 'INF', shardDuration: '52w' }, undefined],
    [{ duration: '1d', shardDuration: '25h' }, /longer than duration/],
    [{ duration: '30m' }, /at least one hour/],
    [{ duration: '1d', shardDuration: '30m' }, /at least one hour/],
    [{ duration: '20000w' }, /15000 weeks/],
  ])('%j', (policy, mistake) => {
    if (mistake === undefined) expect(durationMistake(policy)).toBeUndefined();
    else expect(durationMistake(policy)).toMatch(mistake);
  });

  it('are told in the largest unit that fits', () => {
    expect([0, 604_800, 129_600, 5_400, 90_061].map(inWords)).toEqual(['INF', '7d', '36h', '90m', '90061s']);
  });

  it('are shorter when they keep less', () => {
    expect([isShorter(0, 1), isShorter(2, 1), isShorter(1, 0), isShorter(1, 2), isShorter(0, 0)]).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
