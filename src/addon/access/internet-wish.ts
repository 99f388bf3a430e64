import { internetAccessOf, tlsModeOf } from '../../api/addon-defaults.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import { STALLED_REASON } from '../../api/reasons.ts';
import type { Refusal } from '../decision/resolution.ts';

/** Access from outside the cluster as the spec asks for it. */
export interface InternetWish {
  readonly mode: 'LoadBalancer' | 'NodePort';
  /** Never empty. */
  readonly allowedCIDRs: readonly string[];
  /** The one that goes into URLs first. */
  readonly hostnames: readonly string[];
  readonly serviceAnnotations: Readonly<Record<string, string>>;
}

type Addon = Pick<InfluxAddon, 'metadata' | 'spec'>;

/** Undefined when there is to be no way in, or none that may be made: then what there was is taken away. */
export function internetWish(addon: Addon): InternetWish | undefined {
  const { mode, ...wish } = internetAccessOf(addon);
  return mode === 'Disabled' || internetRefusal(addon) !== undefined ? undefined : { mode, ...wish };
}

/** What the schema refuses as well: an addon may have been stored before the schema did. */
export function internetRefusal(addon: Addon): Refusal | undefined {
  const { mode, allowedCIDRs } = internetAccessOf(addon);
  if (mode === 'Disabled') return undefined;
  if (tlsModeOf(addon) !== 'Required')
    return refused('spec.internetAccess.mode other than Disabled needs spec.tls.mode: Required.');
  return allowedCIDRs.length > 0
    ? undefined
    : refused(
        'spec.internetAccess.allowedCIDRs must list who may connect; write 0.0.0.0/0 and ::/0 for the whole world.',
      );
}

function refused(message: string): Refusal {
  return { reason: STALLED_REASON.internetAccessRefused, message };
}
