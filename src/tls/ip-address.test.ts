import fc from 'fast-check';
import { isIP } from 'node:net';
import { describe, expect, it } from 'vitest';
import { octetsOf } from './ip-address.ts';

describe('octetsOf', () => {
  it.each([
    { address: '127.0.0.1', hex: '7f000001' },
    { address: '255.255.255.255', hex: 'ffffffff' },
    { address: '::', hex: '0'.repeat(32) },
    { address: '::1', hex: `${'0'.repeat(31)}1` },
    { address: '2001:DB8::8:800:200C:417A', hex: '20010db80000000000080800200c417a' },
    { address: 'fe80::', hex: `fe80${'0'.repeat(28)}` },
    { address: '1:2:3:4:5:6:7:8', hex: '00010002000300040005000600070008' },
    { address: '::ffff:192.0.2.1', hex: '00000000000000000000ffffc0000201' },
  ])('knows $address', ({ address, hex }) => {
    expect(octetsOf(address)?.toString('hex')).toBe(hex);
  });

  it.each([
    '',
    'localhost',
    '256.0.0.1',
    '1.2.3',
    '1.2.3.4.5',
    '1',
    ':',
    '1::2::3',
    'g::1',
    '::1]',
    'fe80::1%eth0',
  ])('takes "%s" for no address', (text) => {
    expect(octetsOf(text)).toBeUndefined();
  });

  it('takes for an address what Node takes for one', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()), (text) => {
        expect(octetsOf(text)?.length).toBe({ 0: undefined, 4: 4, 6: 16 }[isIP(text)]);
      }),
    );
  });

  it('reads the same from every spelling of an IPv6 address', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (octets) => {
        const groups = Array.from(
          { length: 8 },
          (_, i) => ((octets[2 * i] ?? 0) << 8) | (octets[2 * i + 1] ?? 0),
        );
        const long = groups.map((group) => group.toString(16).padStart(4, '0')).join(':');
        expect(octetsOf(long)).toEqual(Buffer.from(octets));
        expect(octetsOf(URL.parse(`http://[${long}]`)?.hostname.slice(1, -1) ?? '')).toEqual(
          Buffer.from(octets),
        );
      }),
    );
  });
});
