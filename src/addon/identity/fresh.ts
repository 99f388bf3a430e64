import { type Fresh } from '../world/fresh.ts';
import { randomBytes, randomInt } from 'node:crypto';

export const fresh: Fresh = {
  number: () => randomInt(1000, 10_000),
  password: () => randomBytes(36).toString('base64url'),
};

/** What a stored password must look like to be believed; InfluxDB's bcrypt reads 72 bytes at most. */
export function isPassword(text: string | undefined): text is string {
  return text !== undefined && /^[A-Za-z0-9_-]{22,72}$/.test(text);
}

/** `my-app` and 3707 give `my_app_3707`: the database's and its user's name, which need no quoting. */
export function makeId(addonName: string, number: number): string {
  return `${addonName.replaceAll('-', '_')}_${number}`;
}

export function isIdOf(addonName: string, text: string | undefined): text is string {
  const prefix = `${addonName.replaceAll('-', '_')}_`;
  return text !== undefined && text.startsWith(prefix) && /^\d{1,9}$/.test(text.slice(prefix.length));
}
