import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { der, encode } from './der.ts';
import { basicConstraints, subjectAltNames } from './extensions.ts';
import { validateOwn } from './own-certificate.ts';
import { day, make, NOW, type Made } from './testing/certificates.ts';
import { hasOpenssl, openssl } from './testing/openssl.ts';

const HOST = 'my-app-influx.shop.svc.cluster.local';
const dnsNames = [HOST];

let root: Made;
let intermediate: Made;
let server: Made;
beforeAll(async () => {
  root = await make({ subject: 'root', authority: true, notAfter: day(900) });
  intermediate = await make({ subject: 'intermediate', issuer: root, notAfter: day(400), extensions: CA });
  server = await make({ subject: HOST, issuer: intermediate, dnsNames });
});
const CA = [basicConstraints(true)];

/** The Secret of a certificate: `more` overrides its entries. */
function secret(made: Made, more: Record<string, string> = {}): Record<string, string> {
  return { 'tls.crt': made.certPem, 'tls.key': made.keyPem, ...more };
}

function decide(data: Record<string, string | undefined>, required: readonly string[] = [HOST]) {
  return validateOwn(data, required, NOW);
}

function refusal(data: Record<string, string | undefined>, required?: readonly string[]): string {
  const decision = decide(data, required);
  return decision.accepted ? 'accepted' : decision.message;
}

function accepted(data: Record<string, string | undefined>, required?: readonly string[]) {
  const decision = decide(data, required);
  if (!decision.accepted) throw new Error(decision.message);
  return decision.certificate;
}

describe('validateOwn accepts', () => {
  it('a chain with its root, and says when the first of it ends', () => {
    const files = secret(server, {
      'tls.crt': server.certPem + intermediate.certPem,
      'ca.crt': root.certPem,
    });
    expect(accepted(files)).toEqual({
      certPem: server.certPem + intermediate.certPem,
      keyPem: server.keyPem,
      caPem: root.certPem,
      trustPem: root.certPem,
      notAfter: day(80),
    });
  });

  it('an authority that ends before the server does, with the earlier end', async () => {
    const short = await make({ subject: 'short', authority: true, notAfter: day(5) });
    const made = await make({ subject: 'a', issuer: short, dnsNames });
    expect(accepted(secret(made, { 'ca.crt': short.certPem })).notAfter).toEqual(day(5));
  });

  it('a self-signed certificate, which is then what applications trust', async () => {
    const made = await make({ subject: 'self', dnsNames });
    expect(accepted(secret(made)).caPem).toBe(made.certPem);
    expect(accepted(secret(made, { 'ca.crt': made.certPem })).caPem).toBe(made.certPem);
  });

  it('a chain without a root, of an authority that everybody knows; the operator trusts what it was shown', () => {
    const chain = server.certPem + intermediate.certPem;
    expect(accepted(secret(server, { 'tls.crt': chain }))).toMatchObject({
      caPem: undefined,
      trustPem: chain,
    });
  });

  it('a root on top of the chain in place of a ca.crt', () => {
    const chain = server.certPem + intermediate.certPem + root.certPem;
    expect(accepted(secret(server, { 'tls.crt': chain })).caPem).toBe(root.certPem);
  });

  it('several authorities of which one has signed', async () => {
    const other = await make({ subject: 'other', authority: true });
    const bundle = other.certPem + intermediate.certPem;
    expect(accepted(secret(server, { 'ca.crt': bundle })).caPem).toBe(bundle);
  });

  it.each<{ kind: string; keys: () => ReturnType<typeof generateKeyPairSync> }>([
    { kind: 'RSA of 2048 bits', keys: () => generateKeyPairSync('rsa', { modulusLength: 2048 }) },
    { kind: 'EC P-256', keys: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
    { kind: 'EC P-384', keys: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }) },
    { kind: 'EC P-521', keys: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }) },
    { kind: 'Ed25519', keys: () => generateKeyPairSync('ed25519') },
  ])('a key of kind $kind, whatever its PEM', async ({ keys }) => {
    const pair = keys();
    const made = await make({ subject: 'x', issuer: intermediate, dnsNames, keys: pair });
    const types =
      pair.privateKey.asymmetricKeyType === 'rsa'
        ? (['pkcs8', 'pkcs1'] as const)
        : pair.privateKey.asymmetricKeyType === 'ec'
          ? (['pkcs8', 'sec1'] as const)
          : (['pkcs8'] as const);
    for (const type of types) {
      const key = pair.privateKey.export({ type, format: 'pem' }).toString();
      expect(accepted(secret(made, { 'tls.key': key })).keyPem).toBe(made.keyPem);
    }
  });

  it('Windows line ends and text around the blocks, and copies none of it, nor a key that stood there', () => {
    const messy = `subject=me\r\n${server.certPem.replaceAll('\n', '\r\n')}${server.keyPem}\n${intermediate.certPem}`;
    const { certPem, caPem } = accepted(
      secret(server, { 'tls.crt': messy, 'ca.crt': `${root.keyPem}${root.certPem}` }),
    );
    expect(certPem).toBe(server.certPem + intermediate.certPem);
    expect(caPem).toBe(root.certPem);
  });

  it('a certificate without a list of purposes, and one for any', async () => {
    const san = subjectAltNames(dnsNames, []);
    const any = der.sequence(der.oid('2.5.29.37'), der.octets(encode(der.sequence(der.oid('2.5.29.37.0')))));
    for (const extensions of [[san], [san, any]]) {
      const made = await make({ subject: 'x', issuer: intermediate, extensions });
      expect(refusal(secret(made))).toBe('accepted');
    }
  });
});

describe('validateOwn refuses, naming the entry and what is allowed:', () => {
  const cases: {
    what: string;
    data: () => Promise<Record<string, string>> | Record<string, string>;
    says: string;
  }[] = [
    { what: 'no certificate', data: () => ({ 'tls.key': server.keyPem }), says: 'has no tls.crt' },
    { what: 'no key', data: () => ({ 'tls.crt': server.certPem }), says: 'has no tls.key' },
    {
      what: 'no PEM',
      data: () => secret(server, { 'tls.crt': 'x' }),
      says: 'tls.crt holds no certificate in PEM',
    },
    {
      what: 'a broken second certificate',
      data: () =>
        secret(server, {
          'tls.crt': `${server.certPem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
        }),
      says: 'number 2 of 2',
    },
    {
      what: 'too many',
      data: () => secret(server, { 'tls.crt': server.certPem.repeat(65) }),
      says: 'at most 64',
    },
    {
      what: 'no key in PEM',
      data: () => secret(server, { 'tls.key': server.certPem }),
      says: 'tls.key holds no private key',
    },
    {
      what: 'a key that is not one',
      data: () =>
        secret(server, { 'tls.key': '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----' }),
      says: 'tls.key holds a private key that cannot be read; give it unencrypted',
    },
    {
      what: 'an encrypted key',
      data: () =>
        secret(server, {
          'tls.key': server.keys.privateKey
            .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
            .toString(),
        }),
      says: 'tls.key is encrypted; give it unencrypted, in PEM',
    },
    {
      what: 'an encrypted key of the old kind',
      data: () =>
        secret(server, {
          'tls.key': server.keys.privateKey
            .export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
            .toString(),
        }),
      says: 'tls.key is encrypted',
    },
    {
      what: 'the key of another',
      data: () => secret(server, { 'tls.key': root.keyPem }),
      says: 'tls.key is not the key of the first',
    },
    {
      what: 'the intermediate first',
      data: () => secret(server, { 'tls.crt': intermediate.certPem + server.certPem }),
      says: 'the certificate of the server comes first',
    },
    {
      what: 'a chain with a gap',
      data: () => secret(server, { 'tls.crt': server.certPem + root.certPem }),
      says: 'certificate 2 did not sign certificate 1',
    },
    {
      what: 'an intermediate that is no authority',
      data: async () => {
        const fake = await make({ subject: 'fake', issuer: root, dnsNames: ['evil'] });
        const made = await make({ subject: 'x', issuer: fake, dnsNames });
        return secret(made, { 'tls.crt': made.certPem + fake.certPem });
      },
      says: 'certificate 2 did not sign certificate 1',
    },
    {
      what: 'an expired one',
      data: async () =>
        secret(await make({ subject: 'x', issuer: intermediate, dnsNames, notAfter: day(0) })),
      says: `tls.crt expired at ${NOW.toISOString()}; give one that is in force`,
    },
    {
      what: 'one for later',
      data: async () =>
        secret(await make({ subject: 'x', issuer: intermediate, dnsNames, notBefore: day(1) })),
      says: 'tls.crt is not in force before 2026-03-11T12:00:00.000Z',
    },
    {
      what: 'an expired intermediate',
      data: async () => {
        const old = await make({ subject: 'old', issuer: root, notAfter: day(-1), extensions: CA });
        const made = await make({ subject: 'x', issuer: old, dnsNames });
        return secret(made, { 'tls.crt': made.certPem + old.certPem });
      },
      says: 'tls.crt, certificate 2, expired',
    },
    {
      what: 'an expired root',
      data: async () => {
        const old = await make({ subject: 'old', authority: true, notAfter: day(-1) });
        return secret(await make({ subject: 'x', issuer: old, dnsNames }), { 'ca.crt': old.certPem });
      },
      says: 'ca.crt, the authority that signed tls.crt, expired',
    },
    {
      what: 'a root of others',
      data: async () =>
        secret(server, { 'ca.crt': (await make({ subject: 'intermediate', authority: true })).certPem }),
      says: 'ca.crt holds no certificate authority that signed tls.crt',
    },
    {
      what: 'a root without what is between',
      data: () => secret(server, { 'ca.crt': root.certPem }),
      says: 'put what is between into tls.crt',
    },
    {
      what: 'a ca.crt that is none',
      data: () => secret(server, { 'ca.crt': 'x' }),
      says: 'ca.crt holds no certificate in PEM',
    },
    {
      what: 'a small RSA key',
      data: async () => {
        const keys = generateKeyPairSync('rsa', { modulusLength: 1024 });
        return secret(await make({ subject: 'x', issuer: intermediate, dnsNames, keys }));
      },
      says: 'tls.key is RSA of 1024 bits; allowed are RSA of 2048',
    },
    {
      what: 'a curve that engines do not know',
      data: async () => {
        const keys = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
        return secret(await make({ subject: 'x', issuer: intermediate, dnsNames, keys }));
      },
      says: 'tls.key is ec secp256k1; allowed are',
    },
    {
      what: 'a certificate for clients',
      data: async () => {
        const purposes = der.sequence(der.oid('1.3.6.1.5.5.7.3.2'));
        const clients = der.sequence(der.oid('2.5.29.37'), der.octets(encode(purposes)));
        const san = subjectAltNames(dnsNames, []);
        return secret(await make({ subject: 'x', issuer: intermediate, extensions: [san, clients] }));
      },
      says: 'extended key usage has to contain serverAuth',
    },
    {
      what: 'a name that is only the common name',
      data: async () => secret(await make({ subject: HOST, issuer: intermediate })),
      says: `tls.crt is not for ${HOST}`,
    },
  ];
  it.each(cases)('$what', async ({ data, says }) => {
    const message = refusal(await data());
    expect(message).toMatch(/^spec\.tls\.certificateRef: .*\.$/);
    expect(message).toContain(says);
    expect(message).not.toContain('PRIVATE KEY');
  });

  it.skipIf(!hasOpenssl)('a signature with SHA-1', () => {
    const args = 'req -x509 -sha1 -CA root -CAkey root-key -key key -days 9 -addext';
    const printed = openssl([...args.split(' '), `subjectAltName=DNS:${HOST}`, '-subj', '/CN=x'], {
      root: root.certPem,
      'root-key': root.keyPem,
      key: server.keyPem,
    });
    const data = secret(server, { 'tls.crt': printed });
    const now = new X509Certificate(/-----BEGIN[^]+-----END CERTIFICATE-----/.exec(printed)?.[0] ?? '');
    const decision = validateOwn(data, [HOST], now.validFromDate);
    expect(decision).toHaveProperty(
      'message',
      'spec.tls.certificateRef: tls.crt is signed with ecdsa-with-SHA1, which clients refuse; have it signed with SHA-256 or better.',
    );
  });
});

describe('names in a user’s certificate', () => {
  it.each([
    { names: ['*.shop.svc.cluster.local'], wanted: HOST, covered: true },
    { names: [HOST.toUpperCase()], wanted: HOST, covered: true },
    { names: ['*.svc.cluster.local'], wanted: HOST, covered: false },
    { names: ['*.*.svc.cluster.local'], wanted: HOST, covered: false },
    { names: ['my-*.shop.svc.cluster.local'], wanted: HOST, covered: false },
    { names: ['shop.svc.cluster.local'], wanted: HOST, covered: false },
    { names: ['.shop.svc.cluster.local'], wanted: HOST, covered: false },
    { names: ['*'], wanted: HOST, covered: false },
    { names: ['my-app-influx'], wanted: HOST, covered: false },
    { names: ['203.0.113.9'], wanted: '203.0.113.9', covered: false },
  ])('$names is good for $wanted: $covered', async ({ names, wanted, covered }) => {
    const made = await make({ subject: 'x', issuer: intermediate, dnsNames: names });
    const says = refusal(secret(made), [wanted]);
    if (covered) expect(says).toBe('accepted');
    else
      expect(says).toContain(`tls.crt is not for ${wanted}; its subject alternative names have to contain`);
  });

  it('all of the required names are needed, addresses too; the missing ones are told', async () => {
    const made = await make({
      subject: 'x',
      issuer: intermediate,
      dnsNames,
      ipAddresses: ['203.0.113.9', '2001:db8::1'],
    });
    expect(refusal(secret(made), [HOST, '203.0.113.9', '2001:db8::1'])).toBe('accepted');
    const missing = refusal(secret(made), [HOST, 'db.example.com', '203.0.113.7']);
    expect(missing).toContain('not for db.example.com, 203.0.113.7; its');
  });
});
