import type { InfluxAddon } from '../../../api/influx-addon.ts';
import { STALLED_REASON } from '../../../api/reasons.ts';
import type { Live } from '../../../kube/objects/types.ts';
import type { Action } from '../../decision/action.ts';
import { targetOf, withFinding } from '../../decision/findings.ts';
import type { Memory } from '../../world/memory.ts';
import { WHAT_TO_DO } from './contest.ts';

/** So many writes of one object for one spec, within this time, are no work that gets done. */
const MANY = 8;
const WITHIN_MS = 10 * 60_000;
/** It is written this often from then on. */
const AGAIN_MS = 60_000;

/**
 * What is remembered once an object was written. Credentials and certificates are made anew for each write, so that none
 * is the repair of another: there it is their number that tells of somebody who changes them back.
 */
export function afterWrite(
  memory: Pick<Memory, 'writes' | 'findings'>,
  { metadata: { generation = 0 } }: Live<InfluxAddon>,
  action: Action,
  nowMs: number,
): Pick<Memory, 'writes' | 'findings'> {
  const target = targetOf(action);
  if (target === undefined || !isCounted(action)) return memory;
  const known = memory.writes?.get(target);
  const lately =
    known?.generation === generation ? known.atMs.filter((atMs) => nowMs - atMs < WITHIN_MS) : [];
  const atMs = [...lately, nowMs].slice(-MANY);
  const writes = new Map(memory.writes).set(target, { generation, atMs });
  if (atMs.length < MANY) return { ...memory, writes };
  const reason = STALLED_REASON.changedBack;
  const finding = { target, reason, message: messageOf(target), generation, untilMs: nowMs + AGAIN_MS };
  return { writes, findings: withFinding(memory.findings, finding) };
}

/** What else there is of children is judged by what it puts right. */
function isCounted(action: Action): boolean {
  switch (action.do) {
    case 'create':
    case 'replace':
      return (
        action.repair === undefined || (action.kind.kind === 'Secret' && action.repair.about === undefined)
      );
    case 'issueCertificate':
    case 'issueAgentPair':
      return true;
    case 'patch':
      // The finalizers of the addon, and variables that are taken out of an app: those that go in are counted with it.
      return action.entry === undefined;
    default:
      return false;
  }
}

function messageOf(target: string): string {
  const what = target.replace('/', ' ');
  return `${what}: somebody else changes it back each time that the operator writes it, ${MANY} times within ten minutes; it is tried once a minute. ${WHAT_TO_DO}`;
}
