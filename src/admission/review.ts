import { z } from 'zod';
import type { InfluxAddon } from '../api/influx-addon.ts';
import type { Live } from '../kube/objects/types.ts';
import type { Verdict } from './verdict.ts';

/** What the API server asks: may this addon be stored? */
export interface Review {
  /** Repeated in the answer. */
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  /** The addon as it would be stored; undefined for a deletion. */
  readonly addon: Live<InfluxAddon> | undefined;
  /** The addon as it is stored; undefined for a creation. */
  readonly before: Live<InfluxAddon> | undefined;
}

const API_VERSION = 'admission.k8s.io/v1';

// Only what is looked at: anybody who reaches the port may send anything, and the API server has validated its own.
const addon = z.looseObject({
  metadata: z.looseObject({
    name: z.string().default(''),
    namespace: z.string().default(''),
    uid: z.string().default(''),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.looseObject({ plan: z.string(), version: z.string().optional() }),
  status: z
    .looseObject({
      id: z.string().optional(),
      version: z.string().optional(),
      dataPlane: z.looseObject({ revision: z.string().optional() }).optional(),
    })
    .optional(),
});

const schema = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('AdmissionReview'),
  request: z.object({
    uid: z.string().min(1).max(128),
    operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
    object: addon.nullish(),
    oldObject: addon.nullish(),
  }),
});

/** Reads the parsed body of a request; undefined when it is not a review of an addon. */
export function parseReview(body: unknown): Review | undefined {
  const parsed = schema.safeParse(body);
  if (!parsed.success) return undefined;
  const { uid, operation, object, oldObject } = parsed.data.request;
  const known = (value: typeof object) => (value ?? undefined) as Live<InfluxAddon> | undefined;
  return { uid, operation, addon: known(object), before: known(oldObject) };
}

/** The body of the answer. `kubectl` shows a refusal as it shows those of the API server itself. */
export function answerTo(review: Review, verdict: Verdict): object {
  const { uid } = review;
  const warnings = verdict.warnings.length > 0 ? { warnings: verdict.warnings } : {};
  if (verdict.refusal === undefined) return answer({ uid, allowed: true, ...warnings });
  const { message } = verdict.refusal;
  const [, field, text] = /^(spec(?:\.\w+)+): (.*)$/s.exec(message) ?? [];
  const cause = { reason: 'FieldValueInvalid', field: field ?? 'spec', message: text ?? message };
  const details = { kind: 'InfluxAddon', name: review.addon?.metadata.name ?? '', causes: [cause] };
  return answer({
    uid,
    allowed: false,
    ...warnings,
    status: { status: 'Failure', code: 422, reason: 'Invalid', message, details },
  });
}

function answer(response: object): object {
  return { apiVersion: API_VERSION, kind: 'AdmissionReview', response };
}
