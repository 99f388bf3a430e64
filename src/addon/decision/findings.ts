import type { Action } from './action.ts';
import type { World } from '../world/world.ts';
import type { Finding } from '../world/memory.ts';

/** Writes that were refused a moment ago, for this very spec: they are not tried again yet. */
export function activeFindings({ addon, memory }: Pick<World, 'addon' | 'memory'>, nowMs: number): Finding[] {
  return memory.findings.filter(
    (finding) => finding.untilMs > nowMs && finding.generation === addon.metadata.generation,
  );
}

/** The finding that keeps an action from being tried. */
export function findingOf(action: Action, active: readonly Finding[]): Finding | undefined {
  const target = targetOf(action);
  return active.find((finding) => finding.target === target);
}

/** `Kind/name` of what an action writes to; undefined for an action that writes no object. */
export function targetOf(action: Action): string | undefined {
  if (action.do === 'create' || action.do === 'replace')
    return `${action.kind.kind}/${action.object.metadata?.name}`;
  if (action.do === 'issueCertificate' || action.do === 'issueAgentPair')
    return `Secret/${action.object.metadata?.name}`;
  return action.do === 'patch' || action.do === 'delete'
    ? `${action.kind.kind}/${action.key.name}`
    : undefined;
}
