import { beforeAll, describe, expect, it } from 'vitest';
import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import type { Secret } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { day, make, NOW, type Made } from '../../tls/testing/certificates.ts';
import { trustedBy } from './certificate.ts';
import { encode } from '../world/secret-data.ts';
import { type InForce } from '../world/facts.ts';
import { ownCopy, withOwnCertificate } from './own-certificate.ts';
import { addonOf, inForce, live, NAMESPACE, NO_CHILDREN, worldOf } from '../testing/fixtures.ts';
import type { World } from '../world/world.ts';

const HOST = 'my-app-influx.shop.svc.cluster.local';
let root: Made;
let other: Made;
let server: Made;
let renewed: Made;
let moved: Made;
let middle: Made;
let otherMiddle: Made;
let below: Made;
let renewedBelow: Made;
let movedBelow: Made;
beforeAll(async () => {
  root = await make({ subject: 'root', authority: true });
  other = await make({ subject: 'other', authority: true });
  const dnsNames = [HOST];
  server = await make({ subject: 'server', issuer: root, dnsNames });
  middle = await make({ subject: 'middle', issuer: root, authority: true });
  otherMiddle = await make({ subject: 'middle', issuer: other, authority: true });
  below = await make({ subject: 'server', issuer: middle, dnsNames });
  renewedBelow = await make({ subject: 'server', issuer: middle, dnsNames });
  movedBelow = await make({ subject: 'server', issuer: otherMiddle, dnsNames });
  renewed = await make({ subject: 'server', issuer: root, dnsNames });
  moved = await make({ subject: 'server', issuer: other, dnsNames });
});

const tlsTarget: InForce = { ...inForce(), tls: 'Required' };
const REF: InfluxAddonSpec['tls'] = { mode: 'Required', certificateRef: { name: 'mine' } };

function secretOf(made: Made, issuer: Made | undefined): Live<Secret> {
  const files = { 'tls.crt': made.certPem, 'tls.key': made.keyPem };
  const data = encode(issuer === undefined ? files : { ...files, 'ca.crt': issuer.certPem });
  return live<Secret>({ metadata: { name: 'mine', namespace: NAMESPACE }, data });
}

function worldWith(
  own: World['ownCertificate'],
  tls: InfluxAddonSpec['tls'] = REF,
  more: Partial<World> = {},
) {
  return worldOf({ addon: addonOf(tls === undefined ? {} : { tls }), ownCertificate: own, ...more });
}

function decide(world: World, current?: InForce, target: InForce = tlsTarget, now = NOW) {
  return withOwnCertificate(world, { inForce: current }, { target, refusal: undefined }, now);
}

function trustOf(made: Made, issuer: Made | undefined): string | undefined {
  const decision = decide(worldWith(secretOf(made, issuer)));
  return 'ends' in decision ? undefined : decision.target?.certificate?.trust;
}

describe("a certificate of the user's own", () => {
  it('goes into what is in force, by whom clients have to trust: a renewal by the same authority changes nothing', () => {
    expect(trustOf(server, root)).toMatch(/^[\w-]{16}$/);
    expect(trustOf(renewed, root)).toBe(trustOf(server, root));
    expect(trustOf(moved, other)).not.toBe(trustOf(server, root));
  });

  it('of an authority that everybody knows is renewed whatever leads to it', () => {
    const chain = (made: Made, above: Made) => ({ ...made, certPem: made.certPem + above.certPem });
    expect(trustOf(chain(movedBelow, otherMiddle), undefined)).toBe(trustOf(chain(below, middle), undefined));
    expect(trustOf(moved, undefined)).toBe(trustOf(server, undefined));
    expect(trustOf(chain(below, middle), root)).not.toBe(trustOf(chain(below, middle), undefined));
  });

  it('is of the roots in ca.crt, whatever stands beside them', () => {
    const bundle = (above: Made) => ({ ...root, certPem: root.certPem + above.certPem });
    expect(trustOf(server, bundle(middle))).toBe(trustOf(server, root));
    expect(trustOf(server, bundle(otherMiddle))).toBe(trustOf(server, root));
  });

  it('without its root stays verifiable until the database shows the new one, and after further renewals', () => {
    const chain = (made: Made, above: Made) => ({ ...made, certPem: made.certPem + above.certPem });
    const trust = trustOf(chain(below, middle), undefined) ?? '';
    const target = { ...tlsTarget, certificate: { name: 'mine', trust } };
    const files = { 'tls.crt': chain(below, middle).certPem, 'tls.key': below.keyPem };
    let tlsSecret = live<Secret>({
      metadata: { name: 'my-app-influx-tls', namespace: NAMESPACE },
      data: encode(files),
    });
    for (const next of [chain(movedBelow, otherMiddle), chain(renewedBelow, middle)]) {
      const world = worldWith(secretOf(next, undefined), REF, { children: { ...NO_CHILDREN, tlsSecret } });
      const action = ownCopy(world, target, NOW)?.action;
      if (action?.do !== 'replace') throw new Error('the copy was not renewed');
      tlsSecret = live(action.object as Secret);
      expect(trustedBy(tlsSecret)).toContain(below.certPem.trim());
      expect(trustedBy(tlsSecret)?.startsWith(next.certPem.trim())).toBe(true);
      const settled = worldWith(secretOf(next, undefined), REF, { children: { ...NO_CHILDREN, tlsSecret } });
      expect(ownCopy(settled, target, NOW)?.action).toBeUndefined();
    }
  });

  it('does not matter to a database without TLS, and there is none without a reference', () => {
    const disabled = worldWith(secretOf(server, root), {
      mode: 'Disabled',
      certificateRef: { name: 'mine' },
    });
    expect(decide(disabled, undefined, inForce())).toEqual({ target: inForce(), refusal: undefined });
    expect(decide(worldWith(undefined, { mode: 'Required' }))).toEqual({
      target: tlsTarget,
      refusal: undefined,
    });
  });

  it.each([
    {
      what: 'does not exist',
      own: () => 'Missing' as const,
      reason: 'CertificateMissing',
      text: 'Secret mine does not exist',
    },
    {
      what: 'has the key of another',
      own: () => secretOf({ ...server, keyPem: moved.keyPem }, root),
      reason: 'CertificateRefused',
      text: 'tls.key is not the key',
    },
    {
      what: 'is of another authority than it says',
      own: () => secretOf(server, other),
      reason: 'CertificateRefused',
      text: 'ca.crt holds no certificate authority that signed',
    },
  ])('that $what is refused with the field', ({ own, reason, text }) => {
    const decision = decide(worldWith(own()));
    expect(decision).toMatchObject({ target: undefined, refusal: { reason } });
    const message = 'refusal' in decision ? decision.refusal?.message : '';
    expect(message).toContain('spec.tls.certificateRef: ');
    expect(message).toContain(text);
  });

  it('is refused once it has expired', () => {
    const decision = decide(worldWith(secretOf(server, root)), undefined, tlsTarget, day(81));
    expect(decision).toMatchObject({ target: undefined, refusal: { reason: 'CertificateRefused' } });
  });

  it('that is not known yet is the one in force, or is waited for', () => {
    const certificate = { name: 'mine', trust: 'as-before' };
    const target = { ...tlsTarget, certificate };
    expect(decide(worldWith('Unknown'), target)).toEqual({ target, refusal: undefined });
    expect(
      decide(worldWith('Unknown'), { ...tlsTarget, certificate: { ...certificate, name: 'another' } }),
    ).toEqual({ ends: 'Rest', requeueAfterMs: 1_000 });
  });
});

describe('the copy in the TLS Secret', () => {
  const copied = (made: Made, issuer: Made): Partial<World> => ({
    children: { ...NO_CHILDREN, tlsSecret: secretOf(made, issuer) },
  });
  const own = (): InForce => ({
    ...tlsTarget,
    certificate: { name: 'mine', trust: trustOf(server, root) ?? '' },
  });

  it('is made, and made anew for a renewal', () => {
    expect(ownCopy(worldWith(secretOf(server, root)), own(), NOW)?.action).toMatchObject({ do: 'create' });
    const world = worldWith(secretOf(renewed, root), REF, copied(server, root));
    expect(ownCopy(world, own(), NOW)?.action).toMatchObject({
      do: 'replace',
      object: { data: secretOf(renewed, root).data },
    });
    expect(ownCopy(worldWith(secretOf(server, root), REF, copied(server, root)), own(), NOW)).toEqual({
      action: undefined,
    });
  });

  it.each([
    { what: 'is gone', found: () => 'Missing' as const },
    { what: 'is bad', found: () => secretOf({ ...server, keyPem: moved.keyPem }, root) },
    { what: 'is of an authority that is not in force', found: () => secretOf(moved, other) },
    { what: 'is not known yet', found: () => 'Unknown' as const },
  ])("is kept as it is when the user's $what", ({ found }) => {
    const world = worldWith(found(), REF, copied(server, root));
    expect(ownCopy(world, own(), NOW)).toEqual({ action: undefined });
  });

  it("is none of a database that listens with the operator's own", () => {
    expect(ownCopy(worldWith(secretOf(server, root)), tlsTarget, NOW)).toBeUndefined();
  });

  it('is there before a database without TLS is switched', () => {
    const world = worldWith(secretOf(server, root), { mode: 'Disabled', certificateRef: { name: 'mine' } });
    expect(ownCopy(world, inForce(), NOW)?.action).toMatchObject({ do: 'create' });
  });
});
