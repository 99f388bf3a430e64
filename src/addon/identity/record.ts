import { ADMIN_KEY } from './admin-keys.ts';
import { decode } from '../world/secret-data.ts';
import { type InForce } from '../world/facts.ts';
import type { InfluxPlanSpec } from '../../api/influx-plan.ts';
import { isQuantity } from '../../kube/objects/quantity.ts';
import type { AppChanges } from '../world/facts.ts';
import { isOlder, newestOf } from '../../versions/rules.ts';
import { ANNOTATION } from '../world/names.ts';
import type { StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { Secret } from 'kubernetes-types/core/v1.js';

/**
 * What the copies say that the database runs with. A Secret that was put back from an old copy does not win over a
 * StatefulSet that tells of the engine that has opened the data since.
 *
 * @param openedBy the newest version that may have opened the data, where it is known better than by the Secret
 */
export function recordedInForce(
  adminSecret: Secret | undefined,
  statefulSet: StatefulSet | undefined,
  openedBy?: string,
): InForce | undefined {
  const admin = decode(adminSecret);
  const copies = [admin[ADMIN_KEY.inForce], statefulSet?.metadata?.annotations?.[ANNOTATION.inForce]]
    .map(parseInForce)
    .filter((copy) => copy !== undefined);
  const floor = newestOf(openedBy, admin[ADMIN_KEY.openedBy]);
  return copies.find(({ version }) => !isOlder(version.name, floor)) ?? copies[0];
}

function parseInForce(text: string | undefined): InForce | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Partial<InForce>;
    const { external = [] } = value;
    const usable =
      isUsablePlan(value.plan?.spec) &&
      typeof value.version?.image === 'string' &&
      typeof value.version.name === 'string' &&
      (value.claim === undefined || typeof value.claim === 'string') &&
      Array.isArray(external) &&
      external.every((name) => typeof name === 'string') &&
      (value.agent === undefined || typeof value.agent.image === 'string') &&
      (value.restartedFor === undefined || typeof value.restartedFor === 'string') &&
      (value.apps === undefined || isCount(value.apps));
    return usable ? (value as InForce) : undefined;
  } catch {
    return undefined; // an edited record is rewritten from the catalogue
  }
}

function isCount({ change, content, before }: Partial<AppChanges>): boolean {
  return (
    Number.isSafeInteger(change) && typeof content === 'string' && (before === undefined || isCount(before))
  );
}

/** All that is made of a plan can be made of this one, whoever edited it. */
function isUsablePlan(spec: Partial<InfluxPlanSpec> | undefined): boolean {
  const quantities = [spec?.memory, spec?.cpu?.request, spec?.cpu?.limit, spec?.storage?.size];
  const { connections, concurrentQueries, series, queryTimeout } = spec?.limits ?? {};
  return (
    quantities.every(isQuantity) &&
    [connections, concurrentQueries, series].every(Number.isSafeInteger) &&
    typeof queryTimeout === 'string'
  );
}
