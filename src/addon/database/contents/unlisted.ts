import { isDeepStrictEqual } from 'node:util';
import type { InfluxAddonStatus } from '../../../api/influx-addon.ts';
import { EVENT_REASON } from '../../../api/reasons.ts';
import { MAX_MORE_QUERIES } from '../../../api/schema/addon-status.ts';
import { given } from '../../../kube/objects/given.ts';
import type { Announcement } from '../../decision/action.ts';
import { hashOf } from '../../world/hash.ts';

type Shown = NonNullable<InfluxAddonStatus['continuousQueries']>[number];
type Before = Pick<InfluxAddonStatus, 'continuousQueries' | 'moreContinuousQueries'> | undefined;

const MAX_NAME = 253;
const MAX_NAME_IN_EVENT = 80;
const NAMES_IN_EVENT = 5;

/** A name as the status has room for it; of long ones that begin alike each is another. */
export function shownName(name: string): string {
  if (name === '') return '""';
  return name.length <= MAX_NAME ? name : `${name.slice(0, 240).toWellFormed()}…${hashOf(name).slice(0, 8)}`;
}

/** By which a query is known again, while it has the same text. */
export function textOf(name: string, query: string): string {
  return hashOf([name, query]).slice(0, 8);
}

/**
 * Which unlisted queries are shown where there is room for so many: those first that were not told yet, so that everyone
 * is once told by its name. Of the others it is remembered that they were; where there are too many even for that, those
 * stay that are shown.
 */
export function chosen(
  unlisted: readonly Shown[],
  room: number,
  before: Before,
): Pick<InfluxAddonStatus, 'moreContinuousQueries'> & { shown: readonly Shown[] } {
  if (unlisted.length <= room) return { shown: unlisted };
  const wasShown = new Map(before?.continuousQueries?.map((each) => [each.name, each]));
  const told = new Set(before?.moreContinuousQueries);
  // By a release that told nothing of texts, and so not whom it left out: they are told once texts are.
  const isOfBefore = unlisted.some(({ name }) => {
    const had = wasShown.get(name);
    return had?.listed === false && had.text === undefined;
  });
  const isTooMany = unlisted.length - room > MAX_MORE_QUERIES;
  const rank = ({ name, text = '' }: Shown) =>
    wasShown.get(name)?.listed === false ? 1 : isOfBefore || isTooMany || told.has(text) ? 2 : 0;
  const sorted = unlisted.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  if (isOfBefore) return { shown: sorted.slice(0, room) };
  const more = sorted.slice(room).flatMap(({ text }) => text ?? []);
  return { shown: sorted.slice(0, room), moreContinuousQueries: more.toSorted().slice(0, MAX_MORE_QUERIES) };
}

/**
 * Tells of continuous queries that nobody listed, and of those that have another text than they had: also a user who may
 * only read can make one that writes.
 */
export function foundQueries(before: Before, after: InfluxAddonStatus): Announcement[] {
  const told = new Set(before?.moreContinuousQueries);
  const unlisted = (after.continuousQueries ?? []).filter(({ listed }) => !listed);
  const former = new Map(before?.continuousQueries?.map((each) => [each.name, each]));
  const found = unlisted.filter(
    ({ name, text }) => former.get(name)?.listed !== false && !told.has(text ?? ''),
  );
  const changed = unlisted.filter(({ name, text }) => {
    const had = former.get(name);
    return had?.listed === false && had.text !== undefined && had.text !== text;
  });
  const of = (items: readonly Shown[], what: string): Announcement[] =>
    items.length === 0
      ? []
      : [
          {
            type: 'Normal',
            reason: EVENT_REASON.continuousQueryFound,
            note: `The database has continuous queries ${what}: ${inWords(items)}. They are left alone. Any user of the database can make one, also with access Read, and it writes.`,
          },
        ];
  return [
    ...of(found, 'that spec.continuousQueries does not list'),
    ...of(changed, 'that spec.continuousQueries does not list and that have another text than before'),
  ];
}

/**
 * Without what a release that did not know it has not told: an upgrade by itself writes to nobody. It is told with what is
 * news anyway.
 */
export function asToldBefore(status: InfluxAddonStatus, before: InfluxAddonStatus): InfluxAddonStatus {
  const former = new Map(before.continuousQueries?.map((each) => [each.name, each]));
  const { moreContinuousQueries, continuousQueries, ...rest } = status;
  const quiet = given({
    ...rest,
    continuousQueries: continuousQueries?.map(({ text, ...query }) =>
      former.get(query.name)?.text === undefined ? query : { ...query, ...given({ text }) },
    ),
    moreContinuousQueries: before.moreContinuousQueries === undefined ? undefined : moreContinuousQueries,
  }) as InfluxAddonStatus;
  return isDeepStrictEqual(quiet, before) ? quiet : status;
}

function inWords(items: readonly Shown[]): string {
  const names = items
    .slice(0, NAMES_IN_EVENT)
    .map(({ name }) =>
      name.length <= MAX_NAME_IN_EVENT ? name : `${name.slice(0, MAX_NAME_IN_EVENT - 1).toWellFormed()}…`,
    );
  const more = items.length > names.length ? ` and ${items.length - names.length} more` : '';
  return `${names.join(', ')}${more}`;
}
