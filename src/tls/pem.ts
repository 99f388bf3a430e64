import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';

/**
 * The certificates of a PEM file, in its order; other blocks and text around them are passed over, as the engines do.
 * A string says what is wrong with it.
 */
export function readCertificates(pem: string): readonly X509Certificate[] | string {
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) return 'holds no certificate in PEM';
  if (blocks.length > MAX_CERTIFICATES) {
    return `holds ${blocks.length} certificates, of which at most ${MAX_CERTIFICATES} are read`;
  }
  const certificates: X509Certificate[] = [];
  for (const [index, block] of blocks.entries()) {
    try {
      certificates.push(new X509Certificate(block));
    } catch {
      return `has a certificate that cannot be read, number ${index + 1} of ${blocks.length}`;
    }
  }
  return certificates;
}

/** The private key of a PEM file. A string says what is wrong with it, and never quotes it. */
export function readPrivateKey(pem: string): KeyObject | string {
  const block = PRIVATE_KEY.exec(pem)?.[0];
  if (block === undefined) return 'holds no private key in PEM';
  if (/^-----BEGIN ENCRYPTED|^Proc-Type:.*ENCRYPTED/m.test(block)) return 'is encrypted';
  try {
    return createPrivateKey(block);
  } catch {
    return 'holds a private key that cannot be read';
  }
}

/** One file of certificates alone: no key or text that stood beside them comes along. */
export function writeCertificates(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => certificate.toString()).join('');
}

/** Every decision about an addon reads them; an honest chain has three. */
const MAX_CERTIFICATES = 64;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----[\s\S]+?-----END ([A-Z]+ )?PRIVATE KEY-----/;
