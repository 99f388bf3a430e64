import { autoGrowOf } from '../../api/addon-defaults.ts';
import { unitsOf } from '../../kube/objects/quantity.ts';
import { nextPlan } from '../../limits/next-plan.ts';
import { hasRoomForData, usableBytes } from '../../limits/storage.ts';
import type { InForce } from '../world/facts.ts';
import { LIMIT_REASON } from '../../api/reasons.ts';
import type { World } from '../world/world.ts';
import { isTold, type LimitCondition, toldOf } from './condition.ts';
import { growthOf } from './growth.ts';
import {
  isExpandable,
  sizesOfVolume,
  STORAGE_FILLING as TYPE,
  storagePicture,
  type StoragePicture,
} from './volume.ts';

/** A date further away than this is a guess. */
const HORIZON_S = 60 * 86_400;
const DAY_MS = 86_400_000;
/** Storage drivers take a minute or so for an expansion. */
const PATIENCE_MS = 3 * 60_000;

/** Undefined while nothing new is to be said. */
export function storageCondition(
  world: World,
  plan: InForce['plan'],
  nowMs: number,
): LimitCondition | undefined {
  const picture = storagePicture(world);
  if (picture === undefined) return undefined;
  if (picture.level === 'Within')
    return { type: TYPE, status: false, reason: LIMIT_REASON.withinLimit, message: '' };
  // A volume that grows in a moment is no news.
  const growth = growthOf(world, plan, picture, nowMs);
  if (growth?.grow === true || (growth?.why === 'Growing' && nowMs - growth.sinceMs < PATIENCE_MS))
    return undefined;
  const told = toldOf(world, TYPE);
  const message = `${state(world, picture)}${dateInWords(picture, nowMs)}. ${advice(world, plan, picture, nowMs)}`;
  const reason = picture.level === 'Full' ? LIMIT_REASON.volumeFull : LIMIT_REASON.volumeFilling;
  const same = isTold(told) && told.reason === reason && isSameNews(told.message, message, nowMs);
  return { type: TYPE, status: true, reason, message: same ? told.message : message };
}

function state(world: World, { level }: StoragePicture): string {
  const size = world.children.claim?.status?.capacity?.['storage'] ?? '';
  return level === 'Full'
    ? `The volume (${size}) is full: writes are refused with status 500 (no space left on device), queries go on, and series cannot be dropped`
    : `The volume (${size}) is filling`;
}

function dateInWords({ level, secondsUntilFull: seconds }: StoragePicture, nowMs: number): string {
  if (level === 'Full' || seconds === undefined || seconds > HORIZON_S) return '';
  return `, and at the present rate it is full on ${new Date(nowMs + seconds * 1000).toISOString().slice(0, 10)}`;
}

function advice(world: World, plan: InForce['plan'], picture: StoragePicture, nowMs: number): string {
  const next = nextPlan(
    world.planOffers,
    { name: plan.name, class: plan.spec.class },
    (offer) =>
      offer.memoryBytes >= unitsOf(plan.spec.memory) &&
      hasRoomForData(offer.storageBytes, usableBytes(sizesOfVolume(world)?.actualBytes ?? 0)),
  );
  const larger =
    next === undefined
      ? 'no plan of the catalogue has a larger volume'
      : `set spec.plan to ${next.name} (${next.storage})`;
  const less = 'keep less (a shorter retention policy frees space)';
  if (!isExpandable(world))
    return `Its storage class does not let volumes grow, so a larger plan helps only a new addon: ${less}, or move the data to one.`;
  const growth = growthOf(world, plan, picture, nowMs);
  if (growth === undefined || growth.grow) {
    const ceiling = plan.spec.storage.maxSize;
    const volume = sizesOfVolume(world);
    const mayGrow = ceiling !== undefined && volume !== undefined && unitsOf(ceiling) > volume.requestedBytes;
    const grow = mayGrow && autoGrowOf(world.addon) === 'Disabled';
    return `${grow ? `Set spec.storage.autoGrow to Enabled (up to ${ceiling}), ` : ''}${grow ? larger : capital(larger)}, or ${less}.`;
  }
  switch (growth.why) {
    case 'Growing':
      return `It was asked to grow to ${world.children.claim?.spec?.resources?.requests?.['storage']}, which its storage driver has to do.`;
    case 'TooSoon':
      return `It has grown a short while ago and grows again at ${minute(growth.untilMs)}; ${larger} for more at once.`;
    case 'Refused':
      return `It cannot be made to grow: ${growth.message}.`;
    case 'Ceiling':
      return `It has the largest size of plan ${plan.name}: ${larger}, or ${less}.`;
  }
}

/**
 * Nothing but the predicted day is another one, by no more than a few days, or not to be seen for the moment: rates
 * change from hour to hour.
 */
function isSameNews(before: string, after: string, nowMs: number): boolean {
  const day = /, and at the present rate it is full on (\d{4}-\d{2}-\d{2})/;
  if (before.replace(day, '') !== after.replace(day, '')) return false;
  const [told, seen] = [before, after].map((text) => Date.parse(day.exec(text)?.[1] ?? ''));
  if (told === undefined || seen === undefined) return true;
  if (Number.isNaN(seen)) return Number.isNaN(told) || told > nowMs;
  return Math.abs(seen - told) < 3 * DAY_MS;
}

function minute(ms: number): string {
  return new Date(ms).toISOString().replace(/:\d\d\.\d+Z$/, 'Z');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
