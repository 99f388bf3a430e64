import type { InfluxAddonStatus } from '../../api/influx-addon.ts';
import { addonStatus } from '../../api/schema/addon-status.ts';

const KNOWN = new Set(Object.keys(addonStatus.shape));

/**
 * What a newer release told: this one, which took over from it, can neither know nor judge it, and the newer one finds it
 * when it is back. The API server drops what no definition has, so that nobody else's is among it.
 */
export function unknownFields(before: InfluxAddonStatus): object {
  return Object.fromEntries(Object.entries(before).filter(([field]) => !KNOWN.has(field)));
}
