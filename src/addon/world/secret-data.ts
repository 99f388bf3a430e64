import type { Secret } from 'kubernetes-types/core/v1.js';

/** The decoded data of a Secret; nothing for one that is not there. */
export function decode(secret: Secret | undefined): Record<string, string> {
  const entries = Object.entries(secret?.data ?? {}).map(([key, value]) => [
    key,
    Buffer.from(value, 'base64').toString('utf8'),
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

export function encode(data: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')]),
  );
}
