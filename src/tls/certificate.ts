import { createHash, sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { decode, der, encode, partsOf, type Der } from './der.ts';

/** What a certificate says, before it is signed (RFC 5280 4.1). */
export interface Statement {
  readonly serial: Uint8Array;
  readonly issuer: Der;
  readonly subject: Der;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Der[];
}

const signAsync = promisify(
  (data: Uint8Array, key: KeyObject, done: (error: Error | null, signature: Buffer) => void) =>
    sign('sha256', data, key, done),
);

/**
 * Signs with an EC key, in the thread pool, and returns the certificate in PEM.
 *
 * Node can read certificates but not make them, and node-forge, whose encoder is used, signs with RSA only, in
 * JavaScript, on the event loop. So the statement is encoded there and signed here.
 */
export async function signCertificate(statement: Statement, issuerKey: KeyObject): Promise<string> {
  const algorithm = der.sequence(der.oid(ECDSA_WITH_SHA256));
  const toBeSigned = der.sequence(
    der.wrapped(0, der.integer(VERSION_3)),
    der.integer(statement.serial),
    algorithm,
    statement.issuer,
    der.sequence(der.time(statement.notBefore), der.time(statement.notAfter)),
    statement.subject,
    publicKeyInfo(statement.publicKey),
    der.wrapped(3, der.sequence(...statement.extensions)),
  );
  const signature = await signAsync(encode(toBeSigned), issuerKey);
  return toPem(encode(der.sequence(toBeSigned, algorithm, der.bits(signature))));
}

/** A name with nothing but a common name. At most 64 characters (RFC 5280 A.1), which some clients insist on. */
export function commonName(text: string): Der {
  if (text.length === 0 || text.length > MAX_COMMON_NAME) {
    throw new RangeError(`a common name has 1 to ${MAX_COMMON_NAME} characters, this one has ${text.length}`);
  }
  return der.sequence(der.set(der.sequence(der.oid(COMMON_NAME), der.utf8(text))));
}

export const MAX_COMMON_NAME = 64;

/** The subject of a certificate exactly as it is encoded there: the issuer of a leaf is compared octet by octet. */
export function subjectOf(certificate: Uint8Array): Der {
  const [toBeSigned] = partsOf(decode(certificate));
  const subject = toBeSigned === undefined ? undefined : partsOf(toBeSigned)[5];
  if (subject === undefined) throw new TypeError('not a certificate of version 3');
  return subject;
}

/** By which a chain is found: the leftmost 160 bits of the SHA-256 of the public key as it is encoded (RFC 7093 2, 4). */
export function keyIdentifier(publicKey: KeyObject): Buffer {
  const encoded = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(encoded).digest().subarray(0, 20);
}

/** In whole seconds, which is all that a certificate can say; `days` from `now`, never after `limit`. */
export function validity(now: Date, days: number, limit?: Date): { notBefore: Date; notAfter: Date } {
  const end = Math.min(now.getTime() + days * DAY_MS, limit?.getTime() ?? Infinity);
  return { notBefore: wholeSecond(now.getTime() - BACKDATED_MS), notAfter: wholeSecond(end) };
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** A node whose clock is a little behind must not refuse a certificate that was made just now. */
const BACKDATED_MS = 10 * 60 * 1000;
const VERSION_3 = Buffer.from([2]);
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';

function publicKeyInfo(key: KeyObject): Der {
  return decode(key.export({ type: 'spki', format: 'der' }));
}

function wholeSecond(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}

function toPem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
