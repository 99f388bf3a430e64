import { generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto';
import { commonName, keyIdentifier, signCertificate, subjectOf } from '../certificate.ts';
import type { Der } from '../der.ts';
import {
  authorityKeyIdentifier,
  basicConstraints,
  keyUsage,
  authentication,
  subjectAltNames,
  subjectKeyIdentifier,
} from '../extensions.ts';
import { systemSource, type KeyPair } from '../key-pair.ts';

export interface Made {
  readonly certPem: string;
  readonly keyPem: string;
  readonly keys: KeyPair;
}

export const NOW = new Date('2026-03-10T12:00:00Z');
const DAY_MS = 24 * 60 * 60 * 1000;

/** A moment so many days from NOW. */
export function day(offset: number): Date {
  return new Date(NOW.getTime() + offset * DAY_MS);
}

export function p256(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** Any certificate, also one that nobody should accept. Without an issuer it signs itself. */
export async function make(options: {
  subject: string;
  issuer?: Made;
  authority?: boolean;
  keys?: KeyPair;
  dnsNames?: readonly string[];
  ipAddresses?: readonly string[];
  notBefore?: Date;
  notAfter?: Date;
  /** Instead of those that a certificate of its kind has. */
  extensions?: readonly Der[];
}): Promise<Made> {
  const { subject, issuer, authority = false, keys = p256(), dnsNames = [], ipAddresses = [] } = options;
  const issuerKeys = issuer?.keys ?? keys;
  const names = dnsNames.length + ipAddresses.length === 0 ? [] : [subjectAltNames(dnsNames, ipAddresses)];
  const certPem = await signCertificate(
    {
      serial: systemSource.serial(),
      subject: commonName(subject),
      issuer: issuer === undefined ? commonName(subject) : subjectOf(new X509Certificate(issuer.certPem).raw),
      notBefore: options.notBefore ?? day(-10),
      notAfter: options.notAfter ?? day(80),
      publicKey: keys.publicKey,
      extensions: options.extensions ?? [
        basicConstraints(authority),
        keyUsage(authority ? 'authority' : 'server'),
        ...(authority ? [] : [authentication('server')]),
        subjectKeyIdentifier(keys.publicKey),
        authorityKeyIdentifier(keyIdentifier(issuerKeys.publicKey)),
        ...names,
      ],
    },
    issuerKeys.privateKey,
  );
  return { certPem, keyPem: pem(keys.privateKey), keys };
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
