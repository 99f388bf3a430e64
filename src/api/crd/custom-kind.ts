import type { z } from 'zod';

/** Everything the API server is told about a kind of ours; `crd.ts` makes the definition from it. */
export interface CustomKind {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** The object without apiVersion, kind and metadata, which the API server validates itself. */
  readonly schema: z.ZodType;
  readonly statusSubresource: boolean;
  readonly columns: readonly PrinterColumn[];
}

/** A column of `kubectl get`; priority 1 is shown with `-o wide` only. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'date' | 'integer' | 'boolean';
  readonly jsonPath: string;
  readonly priority?: 1;
}
