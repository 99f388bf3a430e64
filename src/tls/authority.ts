import { systemSource, toPem, type CertificateSource } from './key-pair.ts';
import { commonName, keyIdentifier, signCertificate, validity } from './certificate.ts';
import { basicConstraints, authorityKeyIdentifier, keyUsage, subjectKeyIdentifier } from './extensions.ts';

/** A certificate authority: what signs the certificates of the databases. */
export interface Authority {
  /** Public: goes to every application. */
  readonly certPem: string;
  /** Secret: leaves the operator's own Secret never. PKCS#8. */
  readonly keyPem: string;
}

/**
 * A new authority that trusts nobody but itself. Each should have a common name of its own, so that of two that
 * overlap a person can tell which is which; software finds the right one by its key.
 */
export async function makeAuthority(options: {
  /** At most 64 characters. */
  commonName: string;
  now: Date;
  /** Default 3,650. */
  lifetimeDays?: number;
  source?: CertificateSource;
}): Promise<Authority & { notBefore: Date; notAfter: Date }> {
  const { now, lifetimeDays = AUTHORITY_LIFETIME_DAYS, source = systemSource } = options;
  const name = commonName(options.commonName);
  const dates = validity(now, lifetimeDays);
  const { publicKey, privateKey } = await source.keys();
  const certPem = await signCertificate(
    {
      ...dates,
      serial: source.serial(),
      issuer: name,
      subject: name,
      publicKey,
      extensions: [
        basicConstraints(true),
        keyUsage('authority'),
        subjectKeyIdentifier(publicKey),
        authorityKeyIdentifier(keyIdentifier(publicKey)),
      ],
    },
    privateKey,
  );
  return { certPem, keyPem: toPem(privateKey), ...dates };
}

/** Ten years. Its replacement takes weeks (see rollover.ts) and begins when a third of this is left. */
export const AUTHORITY_LIFETIME_DAYS = 3650;
