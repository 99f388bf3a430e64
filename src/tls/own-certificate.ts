import type { KeyObject, X509Certificate } from 'node:crypto';
import { anchorOf, isSelfSigned, signedBy } from './inspect.ts';
import { octetsOf } from './ip-address.ts';
import { toPem } from './key-pair.ts';
import { readCertificates, readPrivateKey, writeCertificates } from './pem.ts';

/** A certificate of the user's own, as it may be copied: nothing but certificates, and the key in PKCS#8. */
export interface OwnCertificate {
  /** The server's certificate, then what leads to the authority. */
  readonly certPem: string;
  readonly keyPem: string;
  /**
   * What an application has to trust; undefined when the user gave no root, neither in `ca.crt` nor on top of the
   * chain: then it is of an authority that everybody trusts already.
   */
  readonly caPem: string | undefined;
  /** What the operator itself trusts when it talks to the server, whoever signed: `caPem`, or the chain as it is. */
  readonly trustPem: string;
  /** The end of the first of the chain to end. */
  readonly notAfter: Date;
}

export type OwnCertificateDecision =
  | { readonly accepted: true; readonly certificate: OwnCertificate }
  /** A sentence for the user: the field, what is wrong with it, what is allowed. It never quotes a key. */
  | { readonly accepted: false; readonly message: string };

/**
 * Decides whether the content of a user's Secret can serve: readable, unencrypted, of a kind that the engines know,
 * chain in order, key and certificate a pair, in force at `now`, and good for every required name.
 *
 * @param data the decoded entries of the Secret: `tls.crt` and `tls.key`, and `ca.crt` if there is one
 * @param requiredNames host names and IP addresses, the Service's first
 */
export function validateOwn(
  data: Readonly<Record<string, string | undefined>>,
  requiredNames: readonly string[],
  now: Date,
): OwnCertificateDecision {
  for (const entry of ['tls.crt', 'tls.key']) {
    if (!data[entry])
      return refuse(`the Secret has no ${entry}; it needs tls.crt and tls.key, ca.crt is optional`);
  }
  const chain = readCertificates(data['tls.crt'] ?? '');
  if (typeof chain === 'string') return refuse(`tls.crt ${chain}`);
  const [leaf] = chain;
  if (leaf === undefined) return refuse('tls.crt holds no certificate in PEM');
  const key = readPrivateKey(data['tls.key'] ?? '');
  if (typeof key === 'string')
    return refuse(`tls.key ${key}; give it unencrypted, in PEM (PKCS#8, PKCS#1 or SEC 1)`);
  const authorities = data['ca.crt'] ? readCertificates(data['ca.crt']) : ownRoot(chain);
  if (typeof authorities === 'string') return refuse(`ca.crt ${authorities}`);

  const fault =
    keyFault(leaf, key) ??
    chainFault(chain, now) ??
    purposeFault(leaf) ??
    nameFault(leaf, requiredNames) ??
    trustFault(chain, authorities, now);
  if (fault !== undefined) return refuse(fault);

  const anchor = anchorOf(chain, authorities);
  const ends = [...chain, ...(anchor === undefined ? [] : [anchor])].map((each) =>
    each.validToDate.getTime(),
  );
  const certPem = writeCertificates(chain);
  const caPem = authorities.length === 0 ? undefined : writeCertificates(authorities);
  return {
    accepted: true,
    certificate: {
      certPem,
      keyPem: toPem(key),
      caPem,
      trustPem: caPem ?? certPem,
      notAfter: new Date(Math.min(...ends)),
    },
  };
}

function keyFault(leaf: X509Certificate, key: KeyObject): string | undefined {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  const type = key.asymmetricKeyType ?? 'unknown';
  const known =
    type === 'ed25519' ||
    (type === 'ec' && CURVES.includes(namedCurve)) ||
    (type === 'rsa' && modulusLength >= 2048 && modulusLength <= 8192);
  if (!known) {
    const detail = type === 'rsa' ? `RSA of ${modulusLength} bits` : `${type} ${namedCurve}`.trim();
    return `tls.key is ${detail}; allowed are RSA of 2048 to 8192 bits, EC P-256, P-384 and P-521, and Ed25519`;
  }
  return leaf.checkPrivateKey(key)
    ? undefined
    : 'tls.key is not the key of the first certificate in tls.crt; the certificate of the server comes first';
}

function chainFault(chain: readonly X509Certificate[], now: Date): string | undefined {
  for (const [index, certificate] of chain.entries()) {
    const which = index === 0 ? 'tls.crt' : `tls.crt, certificate ${index + 1},`;
    const dates = dateFault(certificate, which, now);
    if (dates !== undefined) return dates;
    const issuer = chain[index + 1];
    if (issuer !== undefined && !(issuer.ca && signedBy(certificate, issuer))) {
      return `tls.crt is not a chain: certificate ${index + 2} did not sign certificate ${index + 1}; put the server's first, then the one that signed it, and so on`;
    }
    // What a certificate says of itself convinces nobody, so that signature may be of any kind.
    if (!isSelfSigned(certificate) && WEAK.test(certificate.signatureAlgorithm ?? '')) {
      return `${which} is signed with ${certificate.signatureAlgorithm}, which clients refuse; have it signed with SHA-256 or better`;
    }
  }
  return undefined;
}

function dateFault(certificate: X509Certificate, which: string, now: Date): string | undefined {
  if (certificate.validToDate <= now) {
    return `${which} expired at ${certificate.validToDate.toISOString()}; give one that is in force`;
  }
  if (certificate.validFromDate > now) {
    return `${which} is not in force before ${certificate.validFromDate.toISOString()}; give one that is`;
  }
  return undefined;
}

/** Without a list of purposes a certificate is for all of them. Node calls the extended usages `keyUsage`. */
function purposeFault(leaf: X509Certificate): string | undefined {
  const purposes: readonly string[] | undefined = leaf.keyUsage;
  if (purposes === undefined || purposes.some((oid) => SERVER_PURPOSES.includes(oid))) return undefined;
  return 'tls.crt is not for servers; its extended key usage has to contain serverAuth';
}

function nameFault(leaf: X509Certificate, requiredNames: readonly string[]): string | undefined {
  const missing = requiredNames.filter((name) => !covers(leaf, name));
  if (missing.length === 0) return undefined;
  return `tls.crt is not for ${missing.join(', ')}; its subject alternative names have to contain ${requiredNames.join(', ')}`;
}

/** As clients see it: the common name counts for nothing, and "*" stands for exactly the first label. */
function covers(leaf: X509Certificate, name: string): boolean {
  return octetsOf(name) === undefined
    ? leaf.checkHost(name, { subject: 'never', partialWildcards: false }) !== undefined
    : leaf.checkIP(name) !== undefined;
}

function trustFault(
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  now: Date,
): string | undefined {
  if (authorities.length === 0) return undefined;
  const anchor = anchorOf(chain, authorities);
  if (anchor === undefined) {
    return 'ca.crt holds no certificate authority that signed tls.crt; give the root, and put what is between into tls.crt';
  }
  return dateFault(anchor, 'ca.crt, the authority that signed tls.crt,', now);
}

/** Without a ca.crt: the root that the user put on top of the chain, a self-signed certificate of a server included. */
function ownRoot(chain: readonly X509Certificate[]): readonly X509Certificate[] {
  return chain.filter((each, index) => index === chain.length - 1 && isSelfSigned(each));
}

function refuse(fault: string): OwnCertificateDecision {
  return { accepted: false, message: `spec.tls.certificateRef: ${fault}.` };
}

/** As OpenSSL calls P-256, P-384 and P-521: the curves of the engines' TLS. */
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];
const WEAK = /md5|sha-?1(?!\d)/i;
/** serverAuth, and any. */
const SERVER_PURPOSES = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'];
