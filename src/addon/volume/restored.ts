import type { Announcement } from '../decision/action.ts';
import { EVENT_REASON } from '../../api/reasons.ts';

export const VOLUME_RELEASED: Announcement = {
  type: 'Warning',
  reason: EVENT_REASON.startedEmpty,
  note: 'The annotation start-empty names the volume claim that is being deleted: the pod is ended, and the data goes with the volume.',
};
