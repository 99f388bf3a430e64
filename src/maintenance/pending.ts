import { rfc3339 } from '../api/time.ts';
import { isDeepStrictEqual } from 'node:util';
import { storageOf } from '../api/catalogue-defaults.ts';
import type { InfluxPlanSpec } from '../api/influx-plan.ts';
import { compareQuantities, isQuantity } from '../kube/objects/quantity.ts';
import { newestPatch, type PatchCandidate } from './newest-patch.ts';

export const PENDING_KINDS = ['version', 'plan', 'template', 'certificate', 'authority'] as const;
export type PendingKind = (typeof PENDING_KINDS)[number];

/** The kind of what status lists, which begins with it. */
export function kindOf(what: string): PendingKind | undefined {
  return PENDING_KINDS.find((kind) => what.startsWith(`${kind} `));
}

/** Something that the platform wants of a database and that waits for its window. */
export interface Pending {
  readonly kind: PendingKind;
  /** In words, beginning with the kind; at most 253 characters. */
  readonly what: string;
  /** Since when something of this kind has waited without a break; RFC 3339. */
  readonly since: string;
  /** When it can wait no longer for a window. */
  readonly latest?: Date;
}

/** What the platform wants, beside what is in force. */
export interface PlatformWishes {
  readonly version: {
    readonly wanted: string | undefined;
    readonly inForce: string;
    readonly catalogue: readonly PatchCandidate[];
  };
  readonly plan: {
    readonly name: string;
    readonly inForce: InfluxPlanSpec;
    /** Undefined when the entry was deleted: then the one in force stays. */
    readonly catalogue: InfluxPlanSpec | undefined;
  };
  /** Hashes of the pod template that runs and of the one that this operator renders for the same intent. */
  readonly template: { readonly running: string; readonly rendered: string };
  /** From restartForLeaf. */
  readonly certificate: { readonly latest: Date } | undefined;
  /** Set when apps have to learn of a newer authority than the one they were restarted for. */
  readonly authority: { readonly latest: Date | undefined } | undefined;
}

/**
 * What waits for the window, in the order in which it is told.
 *
 * @param before what status listed so far: keeps `since`, also when what is waited for was replaced by something newer
 */
export function pendingOf(
  wishes: PlatformWishes,
  before: readonly { readonly what: string; readonly since: string }[],
  now: Date,
): Pending[] {
  const { version, plan, template, certificate, authority } = wishes;
  const found: Omit<Pending, 'since'>[] = [];
  const patch = newestPatch(version.wanted, version.inForce, version.catalogue);
  if (patch !== undefined) found.push({ kind: 'version', what: `version ${patch}` });
  const changed = plan.catalogue === undefined ? [] : changedFields(plan.inForce, plan.catalogue);
  if (changed.length > 0) {
    found.push({ kind: 'plan', what: `plan ${plan.name} as it is now (${changed.join(', ')})` });
  }
  if (template.running !== template.rendered) {
    found.push({ kind: 'template', what: 'template of the pod as this release of the operator makes it' });
  }
  if (certificate !== undefined) {
    found.push({ kind: 'certificate', what: 'certificate that was renewed', latest: certificate.latest });
  }
  if (authority !== undefined) {
    const { latest } = authority;
    const what = 'authority that signs certificates, which apps have to learn of';
    found.push({ kind: 'authority', what, ...(latest === undefined ? {} : { latest }) });
  }
  return found.map((each) => ({
    ...each,
    what: each.what.slice(0, 253),
    since: before.find(({ what }) => kindOf(what) === each.kind)?.since ?? rfc3339(now),
  }));
}

/** The parts of a plan in which two states of its entry differ, as far as a running database has to do with them. */
function changedFields(inForce: InfluxPlanSpec, catalogue: InfluxPlanSpec): string[] {
  const before = { ...inForce, storage: storageOf({ spec: inForce }) };
  const after = { ...catalogue, storage: storageOf({ spec: catalogue }) };
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof InfluxPlanSpec>;
  return [...keys].filter((key) => !NOT_IN_THE_POD.has(key) && !isSame(before[key], after[key]));
}

/** Amounts that are written in other units are the same. */
function isSame(one: unknown, other: unknown): boolean {
  if (isQuantity(one) && isQuantity(other)) return compareQuantities(one, other) === 0;
  if (!isObject(one) || !isObject(other)) return isDeepStrictEqual(one, other);
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((key) =>
    isSame(one[key], other[key]),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Who may choose the plan, and how long its backups are kept. */
const NOT_IN_THE_POD: ReadonlySet<keyof InfluxPlanSpec> = new Set(['lifecycle', 'class']);

/** What is pending, for people. */
export function inWords(pending: readonly { readonly what: string }[]): string {
  return pending.map(({ what }) => what).join(', ');
}
