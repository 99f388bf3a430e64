import type { KeyObject } from 'node:crypto';
import { keyIdentifier } from './certificate.ts';
import { der, encode, type Der } from './der.ts';
import { octetsOf } from './ip-address.ts';

// The extensions of RFC 5280 4.2.1 that the certificates here have, each as it goes into the statement.

/** An authority signs certificates of servers, not of other authorities; anything else is no authority. */
export function basicConstraints(authority: boolean): Der {
  const content = authority ? der.sequence(der.boolean(true), der.integer(Buffer.from([0]))) : der.sequence(); // false is the default, which DER leaves out
  return extension('2.5.29.19', 'critical', content);
}

/** What the key may do: an authority signs certificates and revocation lists, a server its handshakes. */
export function keyUsage(usage: 'authority' | 'server'): Der {
  const bits =
    usage === 'authority' ? der.bits(Buffer.from([0b0000_0110]), 1) : der.bits(Buffer.from([0b1000_0000]), 7);
  return extension('2.5.29.15', 'critical', bits);
}

/** For which side of a connection the certificate is. */
export function authentication(side: 'server' | 'client'): Der {
  const purpose = side === 'server' ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2';
  return extension('2.5.29.37', '', der.sequence(der.oid(purpose)));
}

export function subjectKeyIdentifier(key: KeyObject): Der {
  return extension('2.5.29.14', '', der.octets(keyIdentifier(key)));
}

/** `issuer`: the subject key identifier of the certificate that signs. */
export function authorityKeyIdentifier(issuer: Uint8Array): Der {
  return extension('2.5.29.35', '', der.sequence(der.tagged(0, issuer)));
}

/** Names and addresses by which the server may be called; at least one. */
export function subjectAltNames(dnsNames: readonly string[], ipAddresses: readonly string[]): Der {
  const names = [
    ...dnsNames.map((name) => der.tagged(2, Buffer.from(name, 'latin1'))),
    ...ipAddresses.map((address) => der.tagged(7, addressOf(address))),
  ];
  if (names.length === 0) throw new RangeError('a certificate of a server needs at least one name');
  return extension('2.5.29.17', '', der.sequence(...names));
}

function extension(oid: string, critical: 'critical' | '', content: Der): Der {
  const value = der.octets(encode(content));
  return critical === ''
    ? der.sequence(der.oid(oid), value)
    : der.sequence(der.oid(oid), der.boolean(true), value);
}

function addressOf(text: string): Buffer {
  const octets = octetsOf(text);
  if (octets === undefined) throw new RangeError(`${text} is not an IP address`);
  return octets;
}
