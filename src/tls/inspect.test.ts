import { beforeAll, describe, expect, it } from 'vitest';
import { inspect } from './inspect.ts';
import { day, make, type Made } from './testing/certificates.ts';

let root: Made;
let other: Made;
let server: Made;
beforeAll(async () => {
  root = await make({ subject: 'root', authority: true, notAfter: day(900) });
  other = await make({ subject: 'root', authority: true, notAfter: day(900) });
  server = await make({
    subject: 'a',
    issuer: root,
    dnsNames: ['a.example', '*.b.example'],
    ipAddresses: ['203.0.113.9', '2001:db8::1'],
  });
});

describe('inspect', () => {
  it('tells names, dates, pair and who vouches for a certificate', () => {
    const files = { certPem: server.certPem, keyPem: server.keyPem, caPem: other.certPem + root.certPem };
    expect(inspect(files)).toMatchObject({
      leaf: {
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        notBefore: day(-10),
        notAfter: day(80),
        dnsNames: ['a.example', '*.b.example'],
        ipAddresses: ['203.0.113.9', '2001:DB8:0:0:0:0:0:1'],
        selfSigned: false,
        isAuthority: false,
      },
      notAfter: day(80),
      keyMatches: true,
      trustedBy: { notAfter: day(900), selfSigned: true, isAuthority: true },
      authorities: [{ isAuthority: true }, { isAuthority: true }],
    });
  });

  it('tells of two authorities of one name the one whose key has signed', () => {
    const found = inspect({ certPem: server.certPem, caPem: other.certPem + root.certPem });
    const facts = inspect({ certPem: root.certPem });
    if (typeof found === 'string' || typeof facts === 'string') throw new Error('unreadable');
    expect(found.trustedBy?.fingerprint).toBe(facts.leaf.fingerprint);
    expect(inspect({ certPem: server.certPem, caPem: other.certPem })).toHaveProperty('trustedBy', undefined);
  });

  it('sees a key that is another’s', () => {
    expect(inspect({ certPem: server.certPem, keyPem: other.keyPem })).toHaveProperty('keyMatches', false);
    expect(inspect({ certPem: server.certPem })).toHaveProperty('keyMatches', undefined);
  });

  it('says what it cannot read, and never quotes it', () => {
    const { certPem, keyPem } = server;
    expect(inspect({ certPem: 'x' })).toBe('the certificate holds no certificate in PEM');
    expect(inspect({ certPem, keyPem: certPem })).toBe('the key holds no private key in PEM');
    expect(inspect({ certPem, keyPem, caPem: 'x' })).toBe(
      'the bundle of authorities holds no certificate in PEM',
    );
    const cut = keyPem.replace(/^(.*\n.{30}).*$/m, '$1');
    expect(inspect({ certPem, keyPem: cut })).toBe('the key holds a private key that cannot be read');
  });
});
