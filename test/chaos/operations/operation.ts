/** A change of an addon's spec: merged into it as it is, lists replaced. */
export interface Change {
  /** Leaf of the spec that it is about. */
  readonly field: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** A change that has to be refused, by the API server or in a condition that names the field. */
export interface Misuse extends Change {
  /** Part of what the user is told. */
  readonly says: string;
}

export type Operation = (Change & { readonly valid: true }) | (Misuse & { readonly valid: false });

/** `plan := {"plan":"1g"}`, for a report. */
export function describe({ field, spec, valid }: Operation): string {
  return `${valid ? '' : 'misuse of '}${field} := ${JSON.stringify(spec)}`;
}
