import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import type { Secret } from '../../kube/objects/kinds.ts';
import { inspect } from '../../tls/inspect.ts';
import type { Authorities } from '../../tls/rollover.ts';
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
  ])('is needed, or not, by what is in force: $given', async ({ target, tls, follows }) => {
    const stores = storesWith(target, tls);
    const found = inspect({ certPem: leaf.certPem, caPem: former.certPem });
    if (typeof found === 'string' || found.trustedBy === undefined) throw new Error('cannot be read');
    const authorities = { next: { id: 'next' }, former: { id: found.trustedBy.fingerprint } };
    expect(await followersOf(stores, authorities as unknown as Authorities)).toEqual({
      withoutNext: follows,
      onFormer: follows,
    });
    expect(await lostAuthorities(stores)).toHaveLength(follows);
  });

  it('is verified once for each content of a Secret, in turns with everything else', async () => {
    const stores = storesWith(OPERATORS, { mode: 'Required' });
    const [present] = [...stores.addons.list()];
    const [, secret] = [...stores.secrets.list()];
    if (present === undefined || secret === undefined) throw new Error('is missing');
    for (let index = 0; index < 120; index += 1) {
      const names = { name: `db-${index}`, namespace: 'shop' };
      stores.addons.recordWrite({ ...present, metadata: { ...present.metadata, ...names, uid: `${index}` } });
      const tls = {
        ...secret.metadata,
        ...names,
        name: childNames(names.name).tlsSecret,
        uid: `tls-${index}`,
      };
      stores.secrets.recordWrite({ ...secret, metadata: { ...tls, resourceVersion: '9' } });
    }
    const verify = vi.spyOn(X509Certificate.prototype, 'verify');
    let turns = 0;
    const other = setInterval(() => (turns += 1), 0);
    const authorities = { next: { id: 'next' } } as unknown as Authorities;
    const first = await followersOf(stores, authorities);
    clearInterval(other);
    expect(verify.mock.calls.length).toBeGreaterThanOrEqual(121);
    expect(turns).toBeGreaterThanOrEqual(1);
    verify.mockClear();
    expect(await followersOf(stores, authorities)).toEqual(first);
    expect(await lostAuthorities(stores)).toEqual([former.certPem.trim()]);
    // What was found again: the authority itself, once.
    expect(verify.mock.calls.length).toBeLessThanOrEqual(2);
    verify.mockRestore();
  });
});
