import { beforeAll, describe, expect, it } from 'vitest';
import type { Secret } from '../../kube/objects/kinds.ts';
import { serviceNames } from '../../tls/names.ts';
import { day, make, NOW, type Made } from '../../tls/testing/certificates.ts';
import { encode } from '../world/secret-data.ts';
import { type InForce } from '../world/facts.ts';
import { mendsCertificate } from './unread.ts';
import { inForce, live, NO_CHILDREN, worldOf } from '../testing/fixtures.ts';
import { podOf, readyStatus } from '../testing/pods.ts';

const TLS: InForce = { ...inForce(), tls: 'Required' };
const { dnsNames } = serviceNames('my-app-influx', 'shop', 'cluster.local');
const OLD = podOf(readyStatus(new Date(NOW.getTime() - 6 * 60_000).toISOString()));
const YOUNG = podOf(readyStatus(new Date(NOW.getTime() - 4 * 60_000).toISOString()));

describe('a database whose certificate cannot be verified', () => {
  const made = new Map<string, { leaf: Made; issuer: Made }>();
  beforeAll(async () => {
    const issuer = await make({ subject: 'authority', authority: true });
    const stranger = await make({ subject: 'stranger', authority: true });
    made.set('good', { leaf: await make({ subject: 'db', issuer, dnsNames }), issuer });
    made.set('ended', { leaf: await make({ subject: 'db', issuer, dnsNames, notAfter: day(-1) }), issuer });
    made.set('early', { leaf: await make({ subject: 'db', issuer, dnsNames, notBefore: day(1) }), issuer });
    made.set('misnamed', { leaf: await make({ subject: 'db', issuer, dnsNames: ['else'] }), issuer });
    made.set('foreign', { leaf: await make({ subject: 'db', issuer, dnsNames }), issuer: stranger });
  });

  it.each<{ stored: string; pod?: typeof OLD | undefined; target?: InForce; says: boolean }>([
    { stored: 'good', says: true },
    { stored: 'good', pod: YOUNG, says: false },
    { stored: 'good', target: inForce(), says: false },
    { stored: 'good', target: { ...TLS, certificate: { name: 'mine', trust: 'x' } }, says: false },
    { stored: 'ended', says: false },
    { stored: 'early', says: false },
    { stored: 'misnamed', says: false },
    { stored: 'foreign', says: false },
    { stored: 'no', says: false },
  ])('is restarted for the one in its Secret, if that helps: a $stored one: $says', (row) => {
    const { pod = OLD, target = TLS, says } = row;
    const found = made.get(row.stored);
    const files = found && { 'tls.crt': found.leaf.certPem, 'ca.crt': found.issuer.certPem };
    const tlsSecret = files && live<Secret>({ data: encode(files) });
    const world = worldOf({ pod, children: { ...NO_CHILDREN, tlsSecret } });
    expect(mendsCertificate(world, target, NOW)).toBe(says);
  });
});
