import { generateKeyPair, randomBytes, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** What of a certificate is drawn by chance; passed in, so that tests can do without. */
export interface CertificateSource {
  /** A new key pair on the curve P-256. */
  readonly keys: () => Promise<KeyPair>;
  /** The number of a certificate: at most 20 octets, positive, 128 of its bits random. */
  readonly serial: () => Uint8Array;
}

const generate = promisify(generateKeyPair);

/**
 * P-256 rather than RSA: a key takes under a millisecond rather than tens, and so does the server's part of every
 * handshake. Made in the thread pool of Node, as signatures are: the event loop never waits for either.
 */
export const systemSource: CertificateSource = {
  keys: () => generate('ec', { namedCurve: 'P-256' }),
  // The first octet keeps the number positive and its encoding minimal.
  serial: () => Buffer.concat([Buffer.from([0x01]), randomBytes(16)]),
};

/** PKCS#8, which every supported engine reads. */
export function toPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
