import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Authority } from './authority.ts';
import {
  commonName,
  keyIdentifier,
  MAX_COMMON_NAME,
  signCertificate,
  subjectOf,
  validity,
} from './certificate.ts';
import {
  authentication,
  authorityKeyIdentifier,
  basicConstraints,
  keyUsage,
  subjectAltNames,
  subjectKeyIdentifier,
} from './extensions.ts';
import { systemSource, toPem, type CertificateSource } from './key-pair.ts';
import type { ServerNames } from './names.ts';

/** The certificate of a server and its key, as they go into a Secret of type kubernetes.io/tls. */
export interface Leaf {
  readonly certPem: string;
  /** PKCS#8. */
  readonly keyPem: string;
  readonly notBefore: Date;
  /** Never after the end of the authority. */
  readonly notAfter: Date;
}

/**
 * A certificate with a new key for the server of these names. The common name is the first of them that is short
 * enough: nothing modern looks at it, and some old clients want one.
 *
 * @throws RangeError without a name, or from an authority that has expired
 */
export async function issueLeaf(
  options: {
    authority: Authority;
    now: Date;
    /** Default 365. */
    lifetimeDays?: number;
    source?: CertificateSource;
    /** Of which side it is; default server. */
    side?: 'server' | 'client';
  } & ServerNames,
): Promise<Leaf> {
  const {
    authority,
    dnsNames,
    ipAddresses,
    now,
    lifetimeDays = LEAF_LIFETIME_DAYS,
    source = systemSource,
    side = 'server',
  } = options;
  const issuer = new X509Certificate(authority.certPem);
  if (issuer.validToDate <= now) throw new RangeError('the authority has expired and cannot sign');
  const dates = validity(now, lifetimeDays, issuer.validToDate);
  const { publicKey, privateKey } = await source.keys();
  const certPem = await signCertificate(
    {
      ...dates,
      serial: source.serial(),
      issuer: subjectOf(issuer.raw),
      subject: commonName(dnsNames.find((name) => name.length <= MAX_COMMON_NAME) ?? 'influxdb'),
      publicKey,
      extensions: [
        basicConstraints(false),
        keyUsage('server'),
        authentication(side),
        subjectAltNames(dnsNames, ipAddresses),
        subjectKeyIdentifier(publicKey),
        authorityKeyIdentifier(keyIdentifier(issuer.publicKey)),
      ],
    },
    createPrivateKey(authority.keyPem),
  );
  return { certPem, keyPem: toPem(privateKey), ...dates };
}

/** A year: at two thirds a database has four months of maintenance windows to be restarted in. */
export const LEAF_LIFETIME_DAYS = 365;
