import type { InfluxAddon } from '../../../api/influx-addon.ts';
import { ApiError } from '../../../kube/api/api-error.ts';
import { isPastAsking, keptAnswer } from '../../act/dry-run.ts';
import { findingNow, refusalOf } from '../../act/refusals.ts';
import { entriesOfOthers } from '../../apps/owners.ts';
import { afterRepair } from '../../children/contested/repairs.ts';
import type {
  CreateAction,
  DryRunAction,
  FindOwnersAction,
  PatchAction,
  ReplaceAction,
} from '../../decision/action.ts';
import { targetOf, withFinding } from '../../decision/findings.ts';
import type { DryRun, Memory } from '../../world/memory.ts';
import { keyOf } from '../../world/names.ts';
import type { Workload } from '../../world/world.ts';
import type { Live } from '../../../kube/objects/types.ts';
import type { Stored } from './model-api.ts';
import type { Obstacles } from './obstacles.ts';

/** What is remembered of an app that was patched. */
export function appPatched(memory: Memory, { kind, key, entry }: PatchAction, now: number): Memory {
  const patchedApps = new Map(memory.patchedApps);
  patchedApps.delete(`${kind.kind}/${key.name}`);
  if (entry !== undefined) patchedApps.set(keyOf(entry), entry);
  return { ...memory, appsPatchedMs: now, patchedApps };
}

/** What is remembered of an app that was read. */
export function ownersFound(memory: Memory, { kind, key }: FindOwnersAction, live: Stored): Memory {
  const { uid, resourceVersion } = live.metadata;
  const entries = entriesOfOthers(live as unknown as Live<Workload>);
  const ownedEntries = new Map(memory.ownedEntries);
  ownedEntries.set(keyOf({ kind: kind.kind, name: key.name }), { uid, resourceVersion, entries });
  return { ...memory, ownedEntries };
}

/** What is remembered of a write that was refused, or of an app that failed; undefined for what is no verdict. */
export function refused(
  memory: Memory,
  addon: Live<InfluxAddon>,
  target: string,
  error: ApiError,
  now: number,
): Memory | undefined {
  const [kind = '', name = ''] = target.split('/');
  const isApp = kind === 'Deployment';
  const refusal = refusalOf(error, kind, name);
  if (refusal === undefined && !isApp) return undefined;
  const before = memory.findings.find((finding) => finding.target === target);
  const times = refusal === undefined ? { times: (before?.times ?? 0) + 1 } : {};
  const said = refusal ?? { reason: 'Rejected' as const, message: error.message };
  const finding = findingNow(addon, { target, ...said, ...times }, now);
  return { ...memory, findings: withFinding(memory.findings, finding) };
}

/** What is remembered of an app that was reached again. */
export function reached(memory: Memory, target: string): Memory {
  return { ...memory, findings: memory.findings.filter((finding) => finding.target !== target) };
}

/** What is remembered of a child that was written. */
export function repaired(
  memory: Memory,
  action: CreateAction | ReplaceAction,
  live: Stored,
  now: number,
): Memory {
  const what = { target: targetOf(action), repair: action.repair };
  return afterRepair(memory, what, live.metadata.generation, now);
}

/** What is remembered of the answers to what is only asked; `thrown` is what ends the pass. */
export function dryRunAnswered(
  memory: Memory,
  { metadata: { generation = 0 } }: Live<InfluxAddon>,
  { of, writes }: DryRunAction,
  obstacles: Obstacles,
  now: number,
): { readonly memory: Memory; readonly thrown?: ApiError } {
  const before = memory.dryRun;
  const keep = (answer: Pick<DryRun, 'verdict' | 'refusal'>): Memory => ({
    ...memory,
    dryRun: keptAnswer(before, { of, generation, ...answer }, now),
  });
  for (const { kind, object } of writes) {
    try {
      obstacles.answer(`${kind.kind}/${object.metadata?.name}`, object);
    } catch (reason) {
      const error = ApiError.from(reason);
      const refusal = refusalOf(error, kind.kind, object.metadata?.name ?? '');
      if (refusal !== undefined) return { memory: keep({ verdict: 'Refused', refusal }) };
      if (!isPastAsking(before, of, now)) return { memory: keep({ verdict: 'Unknown' }), thrown: error };
    }
  }
  return { memory: keep({ verdict: 'Taken' }) };
}
