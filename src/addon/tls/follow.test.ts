import { beforeAll, describe, expect, it } from 'vitest';
import type { InfluxAddonSpec, InfluxAddonStatus } from '../../api/influx-addon.ts';
import { inspect } from '../../tls/inspect.ts';
import { day, make, NOW, type Made } from '../../tls/testing/certificates.ts';
import type { InForce } from '../world/facts.ts';
import { addonOf, inForce } from '../testing/fixtures.ts';
import type { Trust } from '../world/world.ts';
import { authorityWish, isFollowing, isHeld, isTrustedBy } from './follow.ts';

const TLS: InForce = { ...inForce(), tls: 'Required', authority: 'former' };
const FOLLOWED: InForce = { ...TLS, authority: 'signing' };
const TRUST = trustOf('former', 'signing');

function trustOf(...ages: string[]): Trust {
  const newest = ages.at(-1) ?? '';
  return { signingId: newest, revision: newest, ages } as unknown as Trust;
}

function condition(type: string, status: 'True' | 'False') {
  return { type, status, reason: 'X', message: '', lastTransitionTime: '2026-03-01T00:00:00Z' };
}

const SETTLED: InfluxAddonStatus = {
  observedGeneration: 1,
  endpoint: 'https://db:8086',
  conditions: [condition('Ready', 'True'), condition('AppsCurrent', 'True')],
};

function addon(status: InfluxAddonStatus = SETTLED, spec: Partial<InfluxAddonSpec> = {}) {
  return addonOf(spec, { status });
}

describe('what apps trust', () => {
  const all = trustOf('former', 'signing', 'next');
  it.each<{ knows: string | undefined; trusts: string[] }>([
    { knows: 'next', trusts: ['former', 'signing', 'next'] },
    { knows: 'signing', trusts: ['former', 'signing'] },
    { knows: 'former', trusts: ['former'] },
    // Dropped long ago, or lost: what they were told with it may have held the oldest that is left.
    { knows: 'one that is forgotten', trusts: ['former'] },
    { knows: undefined, trusts: ['former'] },
  ])('is all that was there when they were told of $knows', ({ knows, trusts }) => {
    const target: InForce = {
      ...inForce(),
      tls: 'Required',
      ...(knows === undefined ? {} : { authority: knows }),
    };
    const found = ['former', 'signing', 'next', 'stranger'].filter((each) => isTrustedBy(target, each, all));
    expect(found).toEqual(trusts);
    expect(isTrustedBy(target, undefined, all)).toBe(false);
  });
});

describe('an addon has followed', () => {
  it.each<{ when: string; status?: InfluxAddonStatus; target?: InForce; says: boolean }>([
    { when: 'its apps run with the newest authority', says: true },
    { when: 'it has no apps', status: { ...SETTLED, conditions: [condition('Ready', 'True')] }, says: true },
    { when: 'an older one is in force', target: TLS, says: false },
    {
      when: 'an app has not come up',
      status: { ...SETTLED, conditions: [condition('Ready', 'True'), condition('AppsCurrent', 'False')] },
      says: false,
    },
    { when: 'its status is older than its spec', status: { ...SETTLED, observedGeneration: 0 }, says: false },
    {
      when: 'maintenance of it is under way',
      status: { ...SETTLED, maintenance: { startedAt: '2026-03-01T00:00:00Z' } },
      says: false,
    },
    { when: 'it has no status', status: {}, says: false },
  ])('when $when: $says', ({ status, target = FOLLOWED, says }) => {
    expect(isFollowing(addon(status), target, 'signing')).toBe(says);
  });
});

describe('certificates', () => {
  let old: { leaf: Made; stored: ReturnType<typeof looked> };
  let authority: Made;
  beforeAll(async () => {
    authority = await make({ subject: 'former', authority: true, notAfter: day(500) });
    const leaf = await make({ subject: 'db', issuer: authority, dnsNames: ['db'], notAfter: day(80) });
    old = { leaf, stored: looked(leaf) };
  });

  /** What is in the Secret; its authority goes by the name `former`. */
  function looked(leaf: Made, signer = 'former') {
    const found = inspect({ certPem: leaf.certPem, caPem: authority.certPem });
    if (typeof found === 'string' || found.trustedBy === undefined) throw new Error('cannot be read');
    return { ...found, trustedBy: { ...found.trustedBy, fingerprint: signer } };
  }

  it.each<{ when: string; of?: ReturnType<typeof addon>; target?: InForce; now?: Date; says: boolean }>([
    { when: 'apps do not know who signs now', says: true },
    { when: 'apps are being told', target: FOLLOWED, of: addon({ ...SETTLED, conditions: [] }), says: true },
    { when: 'apps know', target: FOLLOWED, says: false },
    { when: 'it is about to end', now: day(77), says: false },
    { when: 'it has a while yet', now: day(75), says: true },
    { when: 'there is no TLS', target: inForce(), says: false },
    {
      when: 'TLS is just being switched on',
      of: addon({ ...SETTLED, endpoint: 'http://db:8086' }),
      says: false,
    },
    { when: 'the addon is stopped', of: addon(SETTLED, { state: 'Stopped' }), says: false },
  ])('of a former authority stay where $when: $says', ({ of = addon(), target = TLS, now = NOW, says }) => {
    expect(isHeld(of, target, TRUST, old.stored, now)).toBe(says);
  });

  it('of the authority that signs are never held', () => {
    expect(isHeld(addon(), TLS, TRUST, looked(old.leaf, 'signing'), NOW)).toBe(false);
  });

  it('make apps wait for their window, and no longer than they last', () => {
    const shown = { fingerprint: old.stored.leaf.fingerprint, notAfter: day(80) };
    expect(authorityWish(TLS, TRUST, old.stored, shown)).toEqual({ latest: day(74) });
    expect(authorityWish(TLS, TRUST, undefined, shown)).toEqual({ latest: undefined });
  });

  it('that apps refuse make them wait no longer at all', () => {
    const unknown = looked(old.leaf, 'signing');
    const shown = { fingerprint: unknown.leaf.fingerprint, notAfter: day(80) };
    expect(authorityWish(TLS, TRUST, unknown, shown)).toEqual({ latest: unknown.leaf.notBefore });
    // Not while the database shows another one.
    expect(authorityWish(TLS, TRUST, unknown, { ...shown, fingerprint: 'x' })).toEqual({ latest: day(74) });
  });

  it('make nobody wait who knows the newest, has no TLS, or a certificate of the own', () => {
    expect(authorityWish(FOLLOWED, TRUST, old.stored, undefined)).toBeUndefined();
    expect(authorityWish(TLS, undefined, old.stored, undefined)).toBeUndefined();
    expect(authorityWish(inForce(), TRUST, old.stored, undefined)).toBeUndefined();
    const own = { ...TLS, certificate: { name: 'mine', trust: 'x' } };
    expect(authorityWish(own, TRUST, old.stored, undefined)).toBeUndefined();
  });
});
