import { describe, expect, it } from 'vitest';
import type { InfluxAddonStatus } from '../../../api/influx-addon.ts';
import { addonStatus } from '../../../api/schema/addon-status.ts';
import { addonOf, FACTS, worldOf } from '../../testing/fixtures.ts';
import type { ContentsOutcome } from './next.ts';
import { contentsStatus } from './status.ts';
import { asToldBefore, foundQueries } from './unlisted.ts';

type Query = readonly [name: string, query?: string];

const LISTED = { name: 'cpu_1h', query: 'SELECT' };

/** What is stored and told when the database has these queries, after what was told before; with other news, or alone. */
function look(
  before: InfluxAddonStatus | undefined,
  queries: readonly Query[],
  { listed = [], news = false }: { listed?: readonly string[]; news?: boolean } = {},
) {
  const addon = addonOf({}, before === undefined ? {} : { status: before });
  const wishes = {
    retentionPolicies: [],
    defaultPolicy: 'autogen',
    continuousQueries: listed.map((name) => ({ ...LISTED, name })),
    users: [],
    leftOut: new Set<string>(),
  };
  const state = {
    databases: [FACTS.id],
    users: [],
    grants: [],
    retentionPolicies: [],
    continuousQueries: queries.map(([name, query = 'SELECT 1']) => ({ name, query })),
  };
  const contents = { state, wishes, revisions: new Map() } as Partial<ContentsOutcome> as ContentsOutcome;
  const rendered = contentsStatus(worldOf({ addon }), FACTS.id, contents) as InfluxAddonStatus;
  const status = before === undefined || news ? rendered : asToldBefore(rendered, before);
  expect(addonStatus.safeParse({ observedGeneration: 1, ...status }).error).toBeUndefined();
  const names = (status.continuousQueries ?? []).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  return { status, names, notes: foundQueries(before, status).map(({ note }) => note) };
}

/** As an earlier release told it. */
function withoutTexts({ continuousQueries = [] }: InfluxAddonStatus): InfluxAddonStatus {
  return { continuousQueries: continuousQueries.map(({ name, listed }) => ({ name, listed })) };
}

const many = (count: number, from = 0): Query[] =>
  Array.from({ length: count }, (_, index) => [`q${String(from + index).padStart(4, '0')}`]);

describe('a continuous query that nobody listed', () => {
  it('is told by its name, once', () => {
    const first = look(undefined, [['cpu_1h'], ['sneaky']], { listed: ['cpu_1h'] });
    expect(first.notes).toMatchObject([expect.stringContaining('does not list: sneaky.')]);
    expect(look(first.status, [['cpu_1h'], ['sneaky']], { listed: ['cpu_1h'] })).toEqual({
      ...first,
      notes: [],
    });
  });

  it('is told with a shortened name when that is too long, each as another one', () => {
    const long = 'x'.repeat(300);
    const { names, notes } = look(undefined, [[`${long}a`], [`${long}b`], ['']]);
    expect(names).toHaveLength(3);
    expect(names.filter((name) => name.startsWith('x'.repeat(240)) && name.includes('…'))).toHaveLength(2);
    expect(notes[0]).toContain(`${'x'.repeat(79)}…`);
    expect(Buffer.byteLength(notes[0] ?? '')).toBeLessThan(1024);
  });

  it('is told again when it has another text, also where that is as long', () => {
    const first = look(undefined, [['theirs', 'SELECT 1']]);
    const { notes, status } = look(first.status, [['theirs', 'SELECT 2']]);
    expect(notes).toMatchObject([expect.stringContaining('another text than before: theirs.')]);
    expect(look(status, [['theirs', 'SELECT 2']]).notes).toEqual([]);
  });

  it('is told when it has the name of one that was listed', () => {
    const first = look(undefined, [['cpu_1h']], { listed: ['cpu_1h'] });
    expect(look(first.status, [['cpu_1h', 'SELECT 2']]).notes).toMatchObject([
      expect.stringContaining('does not list: cpu_1h.'),
    ]);
  });

  it('is told by its name also when the status is full, and those that make room are not told again', () => {
    const full = look(undefined, many(205));
    expect(full.status.continuousQueries).toHaveLength(200);
    expect(full.status.moreContinuousQueries).toHaveLength(5);
    const rest = look(full.status, many(205));
    expect(rest.status).toEqual(full.status);

    const later = look(full.status, [...many(205), ['zzz']]);
    expect(later.notes).toMatchObject([expect.stringContaining('does not list: zzz.')]);
    expect(later.names).toContain('zzz');
    expect(look(later.status, [...many(205), ['zzz']])).toEqual({ ...later, notes: [] });
    // Another text of one that is not shown.
    const hidden = many(205).find(([name]) => !later.names.includes(name))?.[0] ?? '';
    const changed = many(205).map((each): Query => (each[0] === hidden ? [hidden, 'SELECT 2'] : each));
    expect(look(later.status, [...changed, ['zzz']]).notes).toMatchObject([
      expect.stringContaining(`does not list: ${hidden}.`),
    ]);
    // Room again: what comes back is no news.
    expect(look(later.status, many(100)).notes).toEqual([]);
    expect(look(later.status, many(205)).notes).toEqual([]);
  });

  it('has what is listed always shown', () => {
    const { status } = look(undefined, [...many(300), ['zzz_listed']], { listed: ['zzz_listed'] });
    expect(status.continuousQueries?.[0]).toEqual({ name: 'zzz_listed', listed: true });
    expect(status.continuousQueries).toHaveLength(200);
  });

  it('and thousands of them change nothing once they are there', () => {
    let { status } = look(undefined, many(2_000));
    ({ status } = look(status, many(2_000)));
    const again = look(status, many(2_000));
    expect(again).toMatchObject({ status, notes: [] });
  });
});

describe('of queries that an earlier release has told', () => {
  it.each([
    ['few', many(3)],
    ['more than there was room for', many(210)],
  ])('nothing is written by itself: %s', (_, queries) => {
    const before = withoutTexts(look(undefined, queries.slice(0, 200)).status);
    expect(look(before, queries)).toMatchObject({ status: before, notes: [] });
  });

  it('texts are told with what is news, and then those that there was no room for', () => {
    const before = withoutTexts(look(undefined, many(200)).status);
    const told = look(before, many(203), { news: true });
    expect(told).toMatchObject({ names: look(undefined, many(200)).names, notes: [] });
    expect(look(told.status, many(203)).notes).toMatchObject([
      expect.stringContaining('does not list: q0200, q0201, q0202.'),
    ]);
  });
});
