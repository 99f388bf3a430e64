import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { checkServerIdentity, connect, createServer, type SecureVersion } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeAuthority, type Authority } from './authority.ts';
import { issueLeaf, type Leaf } from './leaf.ts';
import { systemSource } from './key-pair.ts';
import { serviceNames } from './names.ts';
import { hasOpenssl, openssl } from './testing/openssl.ts';

const names = serviceNames('my-app-influx', 'shop', 'cluster.local', ['db.example.com', '2001:db8::1']);
const host = 'my-app-influx.shop.svc.cluster.local';
// The clients below look at the real clock.
const now = new Date();
const DAY_MS = 24 * 60 * 60 * 1000;

let authority: Authority & { notAfter: Date };
let leaf: Leaf;
beforeAll(async () => {
  authority = await makeAuthority({ commonName: 'influxaddon 2026-1', now });
  leaf = await issueLeaf({ authority, now, ...names });
});

describe('makeAuthority and issueLeaf', () => {
  it('give dates in whole seconds that agree with the certificate, from a little before now', () => {
    const certificate = new X509Certificate(leaf.certPem);
    expect(certificate.validFromDate).toEqual(leaf.notBefore);
    expect(certificate.validToDate).toEqual(leaf.notAfter);
    expect(leaf.notBefore.getTime()).toBeLessThan(now.getTime());
    expect(leaf.notAfter.getTime() - now.getTime()).toBeGreaterThan(364 * DAY_MS);
  });

  it('never let a certificate outlive its authority', async () => {
    const soon = new Date(authority.notAfter.getTime() - 2 * DAY_MS);
    const late = await issueLeaf({ authority, now: soon, ...names });
    expect(late.notAfter).toEqual(authority.notAfter);
    await expect(issueLeaf({ authority, now: authority.notAfter, ...names })).rejects.toThrow('expired');
  });

  it('write dates from 2050 on as RFC 5280 asks', async () => {
    const far = await makeAuthority({ commonName: 'far', now: new Date('2045-06-01T00:00:00Z') });
    expect(new X509Certificate(far.certPem).validToDate).toEqual(far.notAfter);
    expect(far.notAfter.getUTCFullYear()).toBe(2055);
  });

  it('number certificates with 17 positive octets that do not repeat', async () => {
    const other = await issueLeaf({ authority, now, ...names });
    const serials = [leaf, other].map(({ certPem }) => new X509Certificate(certPem).serialNumber);
    expect(new Set(serials).size).toBe(2);
    for (const serial of serials) expect(serial).toMatch(/^01[0-9A-F]{32}$/);
  });

  it('work with the keys and numbers that are passed in', async () => {
    const keys = await systemSource.keys();
    const source = { keys: async () => keys, serial: () => Buffer.from('0102', 'hex') };
    const made = await issueLeaf({ authority, now, ...names, source });
    const certificate = new X509Certificate(made.certPem);
    expect(certificate.serialNumber).toBe('0102');
    expect(certificate.checkPrivateKey(keys.privateKey)).toBe(true);
  });

  it('take the first name that is short enough as the common name, and leave a too long one to the others', async () => {
    const long = serviceNames(`${'a'.repeat(40)}-influx`, 'n'.repeat(63), 'cluster.local');
    const made = await issueLeaf({ authority, now, ...long });
    const certificate = new X509Certificate(made.certPem);
    expect(certificate.subject).toBe(`CN=${'a'.repeat(40)}-influx`);
    expect(certificate.checkHost(long.dnsNames[0] ?? '')).toBeDefined();
  });

  it('refuse what cannot be a name', async () => {
    await expect(makeAuthority({ commonName: 'x'.repeat(65), now })).rejects.toThrow(RangeError);
    await expect(issueLeaf({ authority, now, dnsNames: [], ipAddresses: [] })).rejects.toThrow(RangeError);
    await expect(issueLeaf({ authority, now, dnsNames: [], ipAddresses: ['no'] })).rejects.toThrow(
      'no is not',
    );
  });
});

describe('a TLS client', () => {
  it.each<{ version: SecureVersion }>([{ version: 'TLSv1.2' }, { version: 'TLSv1.3' }])(
    'of $version that trusts the authority talks to every name of the server',
    async ({ version }) => {
      for (const servername of [...names.dnsNames, ...names.ipAddresses]) {
        expect(await talk({ leaf, ca: authority.certPem, version, servername })).toBe(`${version} hello`);
      }
    },
  );

  it('refuses the server by another name, and under another authority of the same name', async () => {
    const other = await makeAuthority({ commonName: 'influxaddon 2026-1', now });
    expect(await talk({ leaf, ca: authority.certPem, servername: 'other.shop' })).toContain('altnames');
    expect(await talk({ leaf, ca: other.certPem, servername: host })).toContain('certificate');
  });

  it('finds the right one of two authorities of the same name, in whatever order', async () => {
    const other = await makeAuthority({ commonName: 'influxaddon 2026-1', now });
    const bundles = [other.certPem + authority.certPem, authority.certPem + other.certPem];
    for (const ca of bundles) expect(await talk({ leaf, ca, servername: host })).toBe('TLSv1.3 hello');
  });
});

describe.skipIf(!hasOpenssl)('openssl', () => {
  it('verifies the chain strictly, for servers, by name and by address', () => {
    const files = { 'ca.crt': authority.certPem, 'tls.crt': leaf.certPem };
    for (const check of [
      ['-verify_hostname', host],
      ['-verify_hostname', 'db.example.com'],
      ['-verify_ip', '2001:db8::1'],
    ]) {
      const args = [
        'verify',
        '-x509_strict',
        '-purpose',
        'sslserver',
        ...check,
        '-CAfile',
        'ca.crt',
        'tls.crt',
      ];
      expect(openssl(args, files)).toBe('tls.crt: OK\nexit 0');
    }
    const wrong = ['verify', '-verify_hostname', 'other', '-CAfile', 'ca.crt', 'tls.crt'];
    expect(openssl(wrong, files)).toContain('hostname mismatch');
  });

  it('reads an authority that signs servers and nothing else', () => {
    const text = openssl(['x509', '-in', 'c', '-noout', '-text'], { c: authority.certPem });
    expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
    expect(text).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    expect(text).toContain('Subject: CN = influxaddon 2026-1\n');
    expect(text).toContain('ASN1 OID: prime256v1');
  });

  it('reads a server that signs nothing', () => {
    const text = openssl(['x509', '-in', 'c', '-noout', '-text'], { c: leaf.certPem });
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature\n/);
    expect(text).toMatch(/Extended Key Usage: \s+TLS Web Server Authentication\n/);
    expect(text).toContain('IP Address:2001:DB8:0:0:0:0:0:1');
    expect(text).toContain('Signature Algorithm: ecdsa-with-SHA256');
    const identifier = /Subject Key Identifier: \s+([0-9A-F:]+)/;
    const authorityText = openssl(['x509', '-in', 'c', '-noout', '-text'], { c: authority.certPem });
    expect(/Authority Key Identifier: \s+([0-9A-F:]+)/.exec(text)?.[1]).toBe(
      identifier.exec(authorityText)?.[1],
    );
  });

  it('reads the key', () => {
    expect(openssl(['pkey', '-in', 'k', '-check', '-noout'], { k: leaf.keyPem })).toContain('Key is valid');
  });
});

/** What a client gets from a server with this certificate: version and greeting, or why it hung up. */
async function talk(options: {
  leaf: Leaf;
  ca: string;
  servername: string;
  version?: SecureVersion;
}): Promise<string> {
  const { leaf: shown, ca, servername, version } = options;
  const server = createServer({ cert: shown.certPem, key: shown.keyPem }, (socket) => socket.end('hello'));
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const versions = version === undefined ? {} : { minVersion: version, maxVersion: version };
    const { port } = server.address() as AddressInfo;
    // `host` is what the name in the certificate is compared with; an address is no server name.
    const address =
      servername.includes(':') || servername === '127.0.0.1' ? { servername: '' } : { servername };
    const socket = connect({
      host: '127.0.0.1',
      port,
      ca,
      ...versions,
      ...address,
      checkServerIdentity: (_, certificate) => checkServerIdentity(servername, certificate),
    });
    let protocol: string | null = null;
    socket.on('secureConnect', () => {
      protocol = socket.getProtocol();
    });
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    return `${protocol} ${text}`;
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown';
  } finally {
    server.close();
  }
}
