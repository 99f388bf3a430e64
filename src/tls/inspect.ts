import type { X509Certificate } from 'node:crypto';
import { readCertificates, readPrivateKey } from './pem.ts';

/** What one certificate says of itself. */
export interface CertificateFacts {
  /** SHA-256 of the whole certificate, lower-case hexadecimal: its identity. */
  readonly fingerprint: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly selfSigned: boolean;
  readonly isAuthority: boolean;
}

/** What a server's certificate, key and trusted authorities are, taken together. */
export interface Inspection {
  /** The certificate of the server: the first of its file. */
  readonly leaf: CertificateFacts;
  /** The end of the first of the chain to end: until then the server can be verified. */
  readonly notAfter: Date;
  /** Undefined when no key was given. */
  readonly keyMatches: boolean | undefined;
  /** The trusted authority at the top of the chain; undefined when there is none or none was given. */
  readonly trustedBy: CertificateFacts | undefined;
  /** All trusted authorities, in the order of their file. */
  readonly authorities: readonly CertificateFacts[];
}

/**
 * Looks at PEM files, for instance of the Secret of a database; a string says what cannot be read.
 * Dates are reported, not judged: that is up to whoever knows what time it is.
 */
export function inspect(files: { certPem: string; keyPem?: string; caPem?: string }): Inspection | string {
  const chain = readCertificates(files.certPem);
  if (typeof chain === 'string') return `the certificate ${chain}`;
  const [leaf] = chain;
  if (leaf === undefined) return 'the certificate is missing';
  const authorities = files.caPem === undefined ? [] : readCertificates(files.caPem);
  if (typeof authorities === 'string') return `the bundle of authorities ${authorities}`;
  const key = files.keyPem === undefined ? undefined : readPrivateKey(files.keyPem);
  if (typeof key === 'string') return `the key ${key}`;
  const anchor = anchorOf(chain, authorities);
  return {
    leaf: factsOf(leaf),
    notAfter: new Date(
      Math.min(
        ...[...chain, ...(anchor === undefined ? [] : [anchor])].map((each) => each.validToDate.getTime()),
      ),
    ),
    keyMatches: key === undefined ? undefined : leaf.checkPrivateKey(key),
    trustedBy: anchor === undefined ? undefined : factsOf(anchor),
    authorities: authorities.map(factsOf),
  };
}

export function factsOf(certificate: X509Certificate): CertificateFacts {
  return {
    fingerprint: fingerprintOf(certificate),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    ...namesOf(certificate),
    selfSigned: isSelfSigned(certificate),
    isAuthority: certificate.ca,
  };
}

/** Which of `authorities` the chain, in its order, leads to; undefined when a link does not hold or none is trusted. */
export function anchorOf(
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): X509Certificate | undefined {
  for (const [index, certificate] of chain.entries()) {
    const anchor = authorities.find(
      (each) =>
        each.fingerprint256 === certificate.fingerprint256 || (each.ca && signedBy(certificate, each)),
    );
    if (anchor !== undefined) return anchor;
    const next = chain[index + 1];
    if (next === undefined || !next.ca || !signedBy(certificate, next)) return undefined;
  }
  return undefined;
}

/** Whether names, key identifiers and the signature all say that `issuer` made `certificate`. */
export function signedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** A server's own certificate may do so too, without the right to sign others, which `signedBy` asks for. */
export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
}

function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

/** Node writes `DNS:a, DNS:b, IP Address:127.0.0.1`, and quotes as JSON what has a comma or worse in it. */
function namesOf({ subjectAltName = '' }: X509Certificate): { dnsNames: string[]; ipAddresses: string[] } {
  const entries = subjectAltName === '' ? [] : subjectAltName.split(', ');
  const of = (prefix: string) =>
    entries.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length));
  return { dnsNames: of('DNS:'), ipAddresses: of('IP Address:') };
}
