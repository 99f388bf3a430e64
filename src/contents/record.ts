/**
 * What this operator has taken charge of in a database, since it was listed: only that is ever dropped. Written down
 * before anything is made, and kept until what is not listed any more is seen to be gone. Users are recorded by
 * their passwords, beside it.
 */
export interface ContentsRecord {
  readonly retentionPolicies: readonly string[];
  readonly continuousQueries: readonly RecordedQuery[];
  /** The losses of data that the annotation in force allows. */
  readonly consents?: readonly Consent[];
}

export interface RecordedQuery {
  readonly name: string;
  /** The text that was listed last; undefined when the record of it was lost. */
  readonly query?: string;
}

export interface Consent {
  readonly policy: string;
  /** The new duration in seconds, or that it goes as a whole. */
  readonly change: number | 'Removal';
  /** The change is done: another loss needs another consent. */
  readonly used?: true;
}

export const NOTHING_RECORDED: ContentsRecord = { retentionPolicies: [], continuousQueries: [] };

/** As text, for a Secret; undefined when there is nothing to keep. */
export function writeRecord(record: ContentsRecord): string | undefined {
  const { retentionPolicies, continuousQueries, consents = [] } = record;
  if (retentionPolicies.length + continuousQueries.length + consents.length === 0) return undefined;
  // A single one as all releases have written it.
  const consent = consents.length > 1 ? consents : consents[0];
  return JSON.stringify({
    retentionPolicies,
    continuousQueries,
    ...(consent === undefined ? {} : { consent }),
  });
}

/** Undefined for a text that somebody spoiled. */
export function readRecord(text: string | undefined): ContentsRecord | undefined {
  if (text === undefined) return undefined;
  try {
    const { retentionPolicies, continuousQueries, consent } = JSON.parse(text) as Partial<ContentsRecord> & {
      consent?: Partial<Consent> | Partial<Consent>[];
    };
    if (!areNames(retentionPolicies) || !areQueries(continuousQueries)) return undefined;
    return {
      retentionPolicies,
      continuousQueries,
      ...consentsIn(consent),
    };
  } catch {
    return undefined;
  }
}

function areNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function areQueries(value: unknown): value is RecordedQuery[] {
  return (
    Array.isArray(value) &&
    (value as Partial<RecordedQuery>[]).every(
      (each) =>
        typeof each?.name === 'string' && (each.query === undefined || typeof each.query === 'string'),
    )
  );
}

function consentsIn(
  value: Partial<Consent> | Partial<Consent>[] | undefined,
): Pick<ContentsRecord, 'consents'> {
  const consents = [value ?? []].flat().filter(isConsent);
  return consents.length === 0 ? {} : { consents };
}

function isConsent(value: Partial<Consent> | undefined): value is Consent {
  const { policy, change } = value ?? {};
  return typeof policy === 'string' && (change === 'Removal' || typeof change === 'number');
}
