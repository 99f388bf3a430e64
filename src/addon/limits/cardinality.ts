import { hasRoomForSeries, maySearch, seriesLevel, type SeriesLevel } from '../../limits/cardinality.ts';
import { nextPlan } from '../../limits/next-plan.ts';
import type { Growing } from '../../influx/state.ts';
import type { InForce } from '../world/facts.ts';
import { LIMIT_REASON } from '../../api/reasons.ts';
import type { World } from '../world/world.ts';
import { isTold, type LimitCondition, toldOf } from './condition.ts';

const TYPE = 'CardinalityHigh';

/** How many series there are beside what the plan is made for; `Within` while they were not counted. */
export function seriesLevelOf(world: World, limit: number): SeriesLevel {
  const series = world.memory.measured?.figures?.series;
  const before = levelTold(world);
  return series === undefined ? before : seriesLevel(before, series, limit);
}

function levelTold(world: World): SeriesLevel {
  const told = toldOf(world, TYPE);
  if (!isTold(told)) return 'Within';
  return told.reason === LIMIT_REASON.seriesOverLimit ? 'Over' : 'Near';
}

/** Undefined while nothing new is to be said: nothing was counted yet, or what grows is about to be found out. */
export function cardinalityCondition(world: World, plan: InForce['plan']): LimitCondition | undefined {
  const { measured, growing } = world.memory;
  if (measured?.figures === undefined) return undefined;
  const { series } = measured.figures;
  const limit = plan.spec.limits.series;
  const level = seriesLevelOf(world, limit);
  if (level === 'Within') return { type: TYPE, status: false, reason: LIMIT_REASON.withinLimit, message: '' };
  if (growing?.level !== level && maySearch(series, limit)) return undefined;
  return {
    type: TYPE,
    status: true,
    reason: level === 'Over' ? LIMIT_REASON.seriesOverLimit : LIMIT_REASON.seriesNearLimit,
    message: `${amount(level, limit)} that plan ${plan.name} is made for${whereInWords(growing?.found)}. ${advice(world, plan, Math.max(series, limit))}`,
  };
}

/** Figures that change all the time are metrics: the text is the same for as long as the level is. */
function amount(level: SeriesLevel, limit: number): string {
  return level === 'Over'
    ? `The database has more than the ${limit} series`
    : `The database has more than 80 % of the ${limit} series`;
}

function whereInWords(growing: Growing | undefined): string {
  switch (growing?.what) {
    case 'Tag':
      return `, most of them in measurement ${quoted(growing.measurement)} by the values of its tag ${quoted(growing.tag)}`;
    case 'Measurement':
      return `, most of them in measurement ${quoted(growing.measurement)}`;
    case 'Measurements':
      return ', and more than 2000 measurements: their names are what grows';
    case 'Nothing':
    case undefined:
      return '';
  }
}

/** `series` to make room for: the present limit at least, so that the plan named is the same for as long as the level is. */
function advice(world: World, plan: InForce['plan'], series: number): string {
  const next = nextPlan(
    world.planOffers,
    { name: plan.name, class: plan.spec.class },
    (offer) => hasRoomForSeries(offer.series, series) && offer.series > plan.spec.limits.series,
  );
  const larger =
    next === undefined
      ? 'no plan of the catalogue is made for so many'
      : `or set spec.plan to ${next.name} (${next.series} series)`;
  return `Each takes memory: write such values as a field and drop the series that are not needed, ${larger}.`;
}

/** Names that a user chose, made fit for one line. */
function quoted(name: string): string {
  const printable = name.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ');
  return JSON.stringify(printable.length > 80 ? `${printable.slice(0, 79)}…` : printable);
}
