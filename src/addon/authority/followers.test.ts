import { beforeAll, describe, expect, it } from 'vitest';
import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import type { Secret } from '../../kube/objects/kinds.ts';
import { inspect } from '../../tls/inspect.ts';
import { make, type Made } from '../../tls/testing/certificates.ts';
import { encode } from '../world/secret-data.ts';
import { type InForce } from '../world/facts.ts';
import { childNames } from '../world/names.ts';
import { buildAdminSecret } from '../children/admin-secret.ts';
import { makeStores } from '../observe/stores.ts';
import { addonOf, contextOf, inForce, live } from '../testing/fixtures.ts';
import { followersOf, lostAuthorities } from './followers.ts';

const OPERATORS: InForce = { ...inForce(), tls: 'Required', authority: 'former' };
const OWN: InForce = { ...inForce(), tls: 'Required', certificate: { name: 'mine', trust: 't' } };
const REF: NonNullable<InfluxAddonSpec['tls']> = { mode: 'Required', certificateRef: { name: 'mine' } };

describe('the authority of a database', () => {
  let former: Made;
  let leaf: Made;
  beforeAll(async () => {
    former = await make({ subject: 'former', authority: true });
    leaf = await make({ subject: 'db', issuer: former, dnsNames: ['db'] });
  });

  function storesWith(target: InForce, tls: NonNullable<InfluxAddonSpec['tls']>) {
    const stores = makeStores();
    const addon = addonOf({ tls }, { status: { id: 'my_app_3707', endpoint: 'https://db:8086' } });
    const admin = live<Secret>(buildAdminSecret(contextOf({ addon, target })));
    const data = encode({ 'tls.crt': leaf.certPem, 'tls.key': leaf.keyPem, 'ca.crt': former.certPem });
    const name = childNames('my-app').tlsSecret;
    const shown = live<Secret>({ metadata: { name, namespace: 'shop' }, data });
    stores.addons.recordWrite(addon);
    stores.secrets.open('shop').replace([admin, shown], '1');
    return stores;
  }

  it.each<{ given: string; target: InForce; tls: NonNullable<InfluxAddonSpec['tls']>; follows: number }>([
    { given: 'the operator signed', target: OPERATORS, tls: { mode: 'Required' }, follows: 1 },
    { given: 'a reference cannot be followed yet', target: OPERATORS, tls: REF, follows: 1 },
    { given: 'the own certificate is in force', target: OWN, tls: REF, follows: 0 },
    {
      given: 'the own one is in force and no more referred to',
      target: OWN,
      tls: { mode: 'Required' },
      follows: 0,
    },
    {
      given: 'nothing is shown, and a copy of the own one waits',
      target: inForce(),
      tls: { mode: 'Disabled', certificateRef: { name: 'mine' } },
      follows: 0,
    },
  ])('is needed, or not, by what is in force: $given', ({ target, tls, follows }) => {
    const stores = storesWith(target, tls);
    const found = inspect({ certPem: leaf.certPem, caPem: former.certPem });
    if (typeof found === 'string' || found.trustedBy === undefined) throw new Error('cannot be read');
    const authorities = { next: { id: 'next' }, former: { id: found.trustedBy.fingerprint } };
    expect(followersOf(stores, authorities as unknown as Parameters<typeof followersOf>[1])).toEqual({
      withoutNext: follows,
      onFormer: follows,
    });
    expect(lostAuthorities(stores)).toHaveLength(follows);
  });
});
