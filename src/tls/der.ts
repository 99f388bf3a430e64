import forge from 'node-forge';

const { asn1 } = forge;
type Asn1 = forge.asn1.Asn1;

/** The few ASN.1 values that a certificate is made of, in DER. Contents are octets. */
export const der = {
  sequence: (...items: readonly Asn1[]): Asn1 => constructed(asn1.Type.SEQUENCE, items),
  set: (...items: readonly Asn1[]): Asn1 => constructed(asn1.Type.SET, items),
  boolean: (value: boolean): Asn1 => primitive(asn1.Type.BOOLEAN, Buffer.from([value ? 0xff : 0])),
  /** Big-endian octets; the first must be neither zero nor above 0x7f, or the number is not minimal or negative. */
  integer: (octets: Uint8Array): Asn1 => primitive(asn1.Type.INTEGER, octets),
  octets: (octets: Uint8Array): Asn1 => primitive(asn1.Type.OCTETSTRING, octets),
  /** `unused`: how many bits at the end do not count. */
  bits: (octets: Uint8Array, unused = 0): Asn1 =>
    primitive(asn1.Type.BITSTRING, Buffer.concat([Buffer.from([unused]), octets])),
  oid: (dotted: string): Asn1 =>
    asn1.create(UNIVERSAL, asn1.Type.OID, false, asn1.oidToDer(dotted).getBytes()),
  utf8: (text: string): Asn1 => primitive(asn1.Type.UTF8, Buffer.from(text, 'utf8')),
  /** RFC 5280 4.1.2.5: two digits of the year until 2049, four from 2050 on. */
  time: (date: Date): Asn1 =>
    date.getUTCFullYear() < 2050
      ? asn1.create(UNIVERSAL, asn1.Type.UTCTIME, false, asn1.dateToUtcTime(date))
      : asn1.create(UNIVERSAL, asn1.Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date)),
  /** A context-specific tag around other values. */
  wrapped: (tag: number, ...items: readonly Asn1[]): Asn1 =>
    asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, true, [...items]),
  /** A context-specific tag in place of the type of a value. */
  tagged: (tag: number, octets: Uint8Array): Asn1 =>
    asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, false, Buffer.from(octets).toString('latin1')),
};

export type Der = Asn1;

export function encode(value: Der): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'latin1');
}

export function decode(octets: Uint8Array): Der {
  return asn1.fromDer(Buffer.from(octets).toString('latin1'));
}

/** The parts of a value that is made of others. */
export function partsOf(value: Der): readonly Der[] {
  if (typeof value.value === 'string') throw new TypeError('expected a constructed ASN.1 value');
  return value.value;
}

const UNIVERSAL = asn1.Class.UNIVERSAL;

function constructed(type: forge.asn1.Type, items: readonly Asn1[]): Asn1 {
  return asn1.create(UNIVERSAL, type, true, [...items]);
}

function primitive(type: forge.asn1.Type, octets: Uint8Array): Asn1 {
  return asn1.create(UNIVERSAL, type, false, Buffer.from(octets).toString('latin1'));
}
