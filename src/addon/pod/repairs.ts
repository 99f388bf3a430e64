import type { ContentsStep } from '../../contents/step.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import { inspect } from '../../tls/inspect.ts';
import { serviceNames } from '../../tls/names.ts';
import type { Action, Announcement } from '../decision/action.ts';
import { usesAuthority } from '../tls/authority/follow.ts';
import { digestOf } from '../database/contents/step.ts';
import { isAbout, startedMs } from '../database/step.ts';
import { decode, type InForce } from '../identity/facts.ts';
import { targetOf } from '../decision/findings.ts';
import { childNames } from '../world/names.ts';
import { hadData } from '../volume/lost.ts';
import { EVENT_REASON } from '../decision/reasons.ts';
import type { World } from '../world/world.ts';

/** Tells of a child that was changed or deleted behind the operator's back, but not of the first making. */
export function restoredEvents(
  world: World,
  changes: readonly { slot: string; action: Action }[],
): Announcement[] {
  if (!hadData(world)) return [];
  return changes
    .filter(({ slot }) => slot === 'claim' || world.addon.status?.dataPlane?.revision !== undefined)
    .filter(({ action }) => action.do === 'create')
    .map(({ slot, action }) => {
      const what = targetOf(action)?.replace('/', ' ');
      if (slot === 'claim' && hadData(world))
        return {
          type: 'Warning',
          reason: EVENT_REASON.startedEmpty,
          note: `The data is given up, as the annotation start-empty says: the database starts anew on an empty volume, ${what}.`,
        };
      return {
        type: 'Normal',
        reason: EVENT_REASON.childRestored,
        note: `${what} was missing and is made again.`,
      };
    });
}

/** Tells of statements that brought a running database back to what it should hold. */
export function repairedEvents(world: World, action: Action): Announcement[] {
  if (action.do === 'changeContents') return contentsEvents(world, action);
  if (action.do !== 'changeDatabase' || world.addon.status?.dataPlane?.revision === undefined) return [];
  const what = action.steps.map((step) => step.what).join(', ');
  // What was in it is gone, whoever dropped it.
  const isDropped = action.steps.some((step) => step.what === 'CreateDatabase');
  return [
    {
      type: isDropped ? 'Warning' : 'Normal',
      reason: EVENT_REASON.databaseRepaired,
      note: `The database was not as it should be and is repaired: ${what}.`,
    },
  ];
}

/** Another try of what the engine refused, or did not answer in time, is no news. */
function contentsEvents(
  world: World,
  { access, steps, generation }: Extract<Action, { do: 'changeContents' }>,
): Announcement[] {
  const { contents } = world.memory;
  const isNews = (step: ContentsStep): boolean => {
    const sent = isAbout(contents, access) ? contents.sent.get(digestOf(step)) : undefined;
    // Whether it is carried out, the engine decides.
    if (step.onlyIf !== undefined) return false;
    const failed = sent !== undefined && (sent.refusal !== undefined || sent.timedOut === true);
    return !failed || sent.generation !== generation;
  };
  const news = steps.filter(isNews);
  return news.length === 0 ? [] : [contentsEvent(world, news)];
}

/** What the spec asks for anew is a change; what somebody else did is repaired. */
function contentsEvent({ addon }: World, steps: readonly ContentsStep[]): Announcement {
  const what = steps.map((step) => `${step.what} ${step.name}`).join(', ');
  const asked = addon.status?.observedGeneration !== addon.metadata.generation;
  return asked
    ? {
        type: 'Normal',
        reason: EVENT_REASON.contentsChanged,
        note: `The contents of the database are brought to what the spec lists: ${what}.`,
      }
    : {
        type: 'Normal',
        reason: EVENT_REASON.databaseRepaired,
        note: `The contents of the database were not as the spec lists them and are repaired: ${what}.`,
      };
}

export const ADMINISTRATOR_LOST: Announcement = {
  type: 'Warning',
  reason: EVENT_REASON.administratorLost,
  note: 'The administrator cannot log in to the database: the pod is restarted, which heals it.',
};

export const CERTIFICATE_NOT_READ: Announcement = {
  type: 'Warning',
  reason: EVENT_REASON.certificateNotRead,
  note: 'The database shows a certificate that cannot be verified: the pod is restarted, so that it reads the one in its Secret.',
};

export const VOLUME_RELEASED: Announcement = {
  type: 'Warning',
  reason: EVENT_REASON.startedEmpty,
  note: 'The annotation start-empty names the volume claim that is being deleted: the pod is ended, and the data goes with the volume.',
};

/**
 * Whether a start of the pod brings a certificate that can be verified: the one in the Secret can, so a database that
 * shows one that cannot has not read it. Does not wait for a window: nobody who verifies can connect. Not over and over
 * either.
 */
export function mendsCertificate(world: World, target: InForce, now: Date): boolean {
  if (world.pod === undefined || !usesAuthority(target)) return false;
  if (now.getTime() - startedMs(world.pod) < CERTIFICATE_AGAIN_MS) return false;
  const { name, namespace = '' } = world.addon.metadata;
  const { dnsNames } = serviceNames(childNames(name).service, namespace, world.settings.clusterDomain);
  const files = decode(world.children.tlsSecret);
  const stored = inspect({ certPem: files['tls.crt'] ?? '', caPem: files['ca.crt'] ?? '' });
  if (typeof stored === 'string' || stored.trustedBy === undefined) return false;
  const inTime = stored.leaf.notBefore <= now && now < stored.notAfter;
  return inTime && dnsNames.every((each) => stored.leaf.dnsNames.includes(each));
}

const CERTIFICATE_AGAIN_MS = 5 * 60_000;

/** The next start of the pod heals what is wrong. */
export function restartPod(world: World, why: string): Action {
  const { name, namespace, uid, resourceVersion } = world.pod?.metadata ?? {
    name: '',
    uid: '',
    resourceVersion: '',
  };
  return {
    do: 'delete',
    kind: kinds.Pod,
    key: { name, namespace: namespace ?? '' },
    uid,
    resourceVersion,
    why,
  };
}
