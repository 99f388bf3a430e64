import type { Action } from './action.ts';
import { childNames } from '../world/names.ts';
import type { World } from '../world/world.ts';
import type { Finding } from '../world/memory.ts';

/** Writes that were refused a moment ago, for this very spec: they are not tried again yet. */
export function activeFindings({ addon, memory }: Pick<World, 'addon' | 'memory'>, nowMs: number): Finding[] {
  return memory.findings.filter(
    (finding) => finding.untilMs > nowMs && finding.generation === addon.metadata.generation,
  );
}

/**
 * Those that are the addon's own. What is refused about an app is told of that app, and hinders nothing else; and a
 * database that listens without TLS runs without its certificate.
 */
export function ownFindings(
  active: readonly Finding[],
  { addon }: Pick<World, 'addon'>,
  tls: 'Required' | undefined,
): Finding[] {
  const names = childNames(addon.metadata.name);
  return active.filter(({ target }) => {
    if (target === `Secret/${names.tlsSecret}`) return tls === 'Required';
    const isWorkload = APP_KINDS.some((kind) => target.startsWith(`${kind}/`));
    return !isWorkload || target === `StatefulSet/${names.statefulSet}`;
  });
}

const APP_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;

/** Of one object only what was found last counts. */
export function withFinding(findings: readonly Finding[], found: Finding): Finding[] {
  return [...findings.filter(({ target }) => target !== found.target), found];
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
