import type { Event } from 'kubernetes-types/core/v1.js';
import type { KubeClient } from '../../kube/api/client.ts';
import type { Kind } from '../../kube/objects/kinds.ts';

/** The older of the two kinds of events: its field selectors are the ones that every server has. */
const CoreEvent: Kind<Event> = {
  group: '',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

const TELLING = [
  'FailedCreate',
  'ProvisioningFailed',
  'FailedBinding',
  'FailedAttachVolume',
  'FailedMount',
  'ClaimLost',
  'FailedScheduling',
];

/** The newest event that explains why a pod or a volume does not come; no status says it. */
export async function readEvents(
  client: KubeClient,
  namespace: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<{ message: string | undefined; quota: boolean }> {
  // No selector takes two names, and no server has an index for one: a second list would cost it as much again.
  const { items } = await client.list(CoreEvent, { namespace, fieldSelector: 'type=Warning' }, signal);
  const newest = items
    .filter(
      ({ reason = '', involvedObject }) =>
        TELLING.includes(reason) && names.includes(involvedObject.name ?? ''),
    )
    .toSorted((a, b) => (timeOf(a) < timeOf(b) ? 1 : -1))[0];
  const message = newest?.message?.trim();
  return { message, quota: message?.includes('exceeded quota') ?? false };
}

function timeOf(event: Event): string {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? '';
}
