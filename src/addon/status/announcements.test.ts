import { describe, expect, it } from 'vitest';
import { announcements } from './announcements.ts';

describe('the address outside the cluster', () => {
  const at = (externalEndpoint?: string) => (externalEndpoint === undefined ? {} : { externalEndpoint });

  it.each([
    {
      before: undefined,
      after: 'https://db.example.com:8086',
      words: 'is reached from outside the cluster at',
    },
    { before: 'https://192.0.2.1:8086', after: 'https://192.0.2.2:8086', words: 'at https://192.0.2.2:8086' },
    { before: 'https://192.0.2.1:8086', after: undefined, words: 'is not reached from outside' },
  ])('is told when it goes from $before to $after', ({ before, after, words }) => {
    expect(announcements(at(before), at(after))).toEqual([
      { type: 'Normal', reason: 'ExternalAccess', note: expect.stringContaining(words) as string },
    ]);
  });

  it('is told once', () => {
    const same = at('https://192.0.2.1:8086');
    expect(announcements(same, same)).toEqual([]);
    expect(announcements(undefined, {})).toEqual([]);
  });
});
