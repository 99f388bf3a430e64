import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RequestedRight } from '../build/testing/rights-used.ts';
import { VERSION } from '../src/version.ts';
import type { AuditEntry } from './cluster/audit.ts';

/** What the operators of tests call themselves; the real process begins with the same word. */
export const OPERATOR_AGENT = 'influxaddon-operator/test';
/** Not that of another release, whose rights were others. */
const OURS: readonly string[] = [OPERATOR_AGENT, `influxaddon-operator/${VERSION}`];

interface Audited {
  readonly failure: AbortSignal;
  auditEntries(): Promise<AuditEntry[]>;
}

let kept = 0;

/**
 * Leaves what the operators of a bed asked for, by right, for the runner: all beds together show what rights are
 * for. A bed that cannot tell has failed its tests already, and is taken down all the same.
 */
export async function keepRequests(bed: Audited): Promise<void> {
  const artefacts = process.env['TEST_ARTEFACTS'];
  if (artefacts === undefined || bed.failure.aborted) return;
  const entries = await bed.auditEntries().catch((reason: unknown) => {
    console.log(`what was asked for is not known: ${String(reason)}`);
    return [];
  });
  const rights = new Map<string, RequestedRight>();
  for (const entry of entries) {
    if (!OURS.includes(entry.userAgent) || entry.resource === '') continue;
    const right: RequestedRight = {
      group: entry.apiGroup ?? '',
      resource: entry.subresource ? `${entry.resource}/${entry.subresource}` : entry.resource,
      verb: entry.verb,
      granted: entry.authorized === true,
    };
    rights.set(JSON.stringify(right), right);
  }
  const folder = join(artefacts, 'requests');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${process.pid}-${++kept}.json`), JSON.stringify([...rights.values()]));
}
