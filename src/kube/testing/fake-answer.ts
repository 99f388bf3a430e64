import type { JsonObject } from './patching.ts';

export interface FakeAnswer {
  code: number;
  body: unknown;
}

export function ok(body: unknown): FakeAnswer {
  return { code: 200, body: structuredClone(body) };
}

export function refuse(code: number, reason: string, message: string): FakeAnswer {
  return { code, body: status(code, reason, message) };
}

/** A Status as the API server words its refusals. */
export function status(code: number, reason: string, message: string): JsonObject {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
}
