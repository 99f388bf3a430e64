import { describe, expect, it } from 'vitest';
import { KubeClient } from '../../kube/api/client.ts';
import { Secret } from '../../kube/objects/kinds.ts';
import { silentLogger } from '../../kube/log.ts';
import { FakeApi } from '../../kube/testing/fake-api.ts';
import { FakeTransport } from '../../kube/testing/fake-transport.ts';
import { VirtualClock } from '../../kube/testing/virtual-clock.ts';
import type { Live } from '../../kube/objects/types.ts';
import { issueLeaf } from '../../tls/leaf.ts';
import { inspect } from '../../tls/inspect.ts';
import { certificateNeed } from '../tls/certificate.ts';
import { encode } from '../world/secret-data.ts';
import { makeStores } from '../observe/stores.ts';
import { inForce, NO_CHILDREN, worldOf } from '../testing/fixtures.ts';
import { AUTHORITY_SECRET, trustOfSecret } from '../tls/authorities.ts';
import { type Trust } from '../world/world.ts';
import { keepAuthority } from './keep.ts';

const NAMESPACE = 'influxaddon-system';
const DAY_MS = 24 * 60 * 60 * 1000;
const signal = new AbortController().signal;

function bench() {
  const transport = new FakeTransport(new FakeApi());
  const client = new KubeClient(transport, { fieldManager: 'test' });
  const clock = new VirtualClock();
  const stores = makeStores();
  const keeper = { client, stores, namespace: NAMESPACE, clock, startedMs: 0, log: silentLogger };
  const secret = () => stores.authorities.get(`${NAMESPACE}/${AUTHORITY_SECRET}`);
  /** Until there is nothing to do now; returns the trust that comes of it. */
  const settle = async (): Promise<Trust> => {
    for (let step = 0; step < 5; step += 1) {
      const before = secret()?.metadata.resourceVersion;
      await keepAuthority(keeper, signal);
      if (before !== undefined && secret()?.metadata.resourceVersion === before) break;
    }
    const trust = trustOfSecret(secret());
    if (trust === undefined) throw new Error('there is no authority');
    return trust;
  };
  return { transport, client, clock, stores, keeper, secret, settle };
}

function authoritiesIn(trust: Trust): string[] {
  const found = inspect({ certPem: trust.signing.certPem, caPem: trust.bundlePem });
  if (typeof found === 'string') throw new Error(found);
  return found.authorities.map(({ fingerprint }) => fingerprint);
}

/** A world whose addon has a certificate of this authority, beside the authorities that were trusted then. */
async function worldWith(trust: Trust, now: Date) {
  const world = worldOf();
  const need = certificateNeed(world, inForce(), trust, now);
  if (need === undefined) throw new Error('an addon without a certificate needs one');
  const leaf = await issueLeaf({ authority: trust.signing, ...need.names, now });
  const data = encode({ 'tls.crt': leaf.certPem, 'tls.key': leaf.keyPem, 'ca.crt': trust.bundlePem });
  const metadata = { name: 'my-app-influx-tls', namespace: 'shop', uid: 'tls', resourceVersion: '1' };
  const tlsSecret: Live<Secret> = { metadata, data };
  return worldOf({ children: { ...NO_CHILDREN, tlsSecret } });
}

describe('the authority of the databases', () => {
  it('is made once, also when the answer to making it is lost', async () => {
    const { transport, keeper, secret, settle } = bench();
    let lose = true;
    transport.fault = ({ method }) => {
      if (method !== 'POST' || !lose) return undefined;
      lose = false;
      return { what: 'answer-lost' };
    };
    await expect(keepAuthority(keeper, signal)).rejects.toThrow();
    expect(secret()).toBeUndefined();
    const first = await settle();
    expect((await settle()).signingId).toBe(first.signingId);
    expect(authoritiesIn(first)).toEqual([first.signingId]);
  });

  it('is followed by a successor that everybody trusts before it signs, and dropped when nothing shows it', async () => {
    const { clock, settle } = bench();
    const first = await settle();
    const signed = await worldWith(first, new Date(clock.now()));
    expect(certificateNeed(signed, inForce(), first, new Date(clock.now()))).toBeUndefined();

    clock.jump(3650 * DAY_MS * 0.67);
    const both = await settle();
    expect(both.signingId).toBe(first.signingId);
    expect(authoritiesIn(both)).toHaveLength(2);
    expect(both.revision).not.toBe(first.revision);
    const young = await worldWith(first, new Date(clock.now()));
    const widened = certificateNeed(young, inForce(), both, new Date(clock.now()));
    expect(widened).toMatchObject({ why: 'OtherBundle', keepLeaf: true });

    clock.jump(16 * DAY_MS);
    const promoted = await settle();
    expect(promoted.signingId).toBe(both.revision);
    expect(promoted.revision).toBe(both.revision);
    expect(promoted.trustedIds).toContain(first.signingId);
    const old = await worldWith(both, new Date(clock.now()));
    expect(certificateNeed(old, inForce(), promoted, new Date(clock.now()))).toMatchObject({
      why: 'OtherAuthority',
    });

    clock.jump(16 * DAY_MS);
    const alone = await settle();
    expect(authoritiesIn(alone)).toEqual([promoted.signingId]);
    expect(alone.revision).toBe(promoted.revision);
  });

  it('is made anew after a loss beside the lost one, which what the databases still show goes on being trusted by', async () => {
    const { client, clock, stores, secret, settle } = bench();
    const first = await settle();
    const { addon, children } = await worldWith(first, new Date(clock.now()));
    stores.addons.replace([{ ...addon, spec: { ...addon.spec, tls: { mode: 'Required' } } }], '1000');
    stores.secrets
      .open(children.tlsSecret?.metadata.namespace ?? 'shop')
      .replace(children.tlsSecret === undefined ? [] : [children.tlsSecret], '1000');
    await client.delete(Secret, { namespace: NAMESPACE, name: AUTHORITY_SECRET });
    stores.authorities.recordDelete(`${NAMESPACE}/${AUTHORITY_SECRET}`, secret()?.metadata.uid ?? '');

    const again = await settle();
    expect(again.signingId).not.toBe(first.signingId);
    expect(authoritiesIn(again)).toEqual([again.signingId, first.signingId]);
    const world = worldOf({ children });
    expect(certificateNeed(world, inForce(), again, new Date(clock.now()))).toMatchObject({
      why: 'OtherAuthority',
    });
    // Nobody says yet that the database shows something newer: the lost one stays trusted.
    clock.jump(16 * DAY_MS);
    expect((await settle()).trustedIds).toContain(first.signingId);
  });

  it('gets a successor once for each token of the rotate annotation, one roll-over after the other', async () => {
    const { client, clock, stores, secret, settle } = bench();
    const first = await settle();
    const ask = async (token: string) => {
      const metadata = { annotations: { 'influxaddon.dev/rotate': token } };
      const key = { namespace: NAMESPACE, name: AUTHORITY_SECRET };
      stores.authorities.recordWrite(await client.patch(Secret, key, { metadata }, { type: 'merge' }));
    };
    await ask('a');
    const both = await settle();
    expect(authoritiesIn(both)).toEqual([first.signingId, both.revision]);
    await ask('b');
    expect(authoritiesIn(await settle())).toEqual([first.signingId, both.revision]);
    clock.jump(16 * DAY_MS);
    expect((await settle()).signingId).toBe(both.revision);
    clock.jump(16 * DAY_MS);
    const second = await settle();
    expect(second.trustedIds).not.toContain(first.signingId);
    expect(authoritiesIn(second)).toEqual([both.revision, second.revision]);
    expect(second.revision).not.toBe(both.revision);
    clock.jump(16 * DAY_MS);
    await settle();
    clock.jump(16 * DAY_MS);
    expect(authoritiesIn(await settle())).toEqual([second.revision]);
    expect(secret()?.metadata.annotations).toEqual({ 'influxaddon.dev/rotate': 'b' });
  });

  it('is left alone when somebody else has a Secret of its name', async () => {
    const { client, keeper, secret } = bench();
    const foreign = {
      metadata: { namespace: NAMESPACE, name: AUTHORITY_SECRET },
      data: encode({ mine: 'x' }),
    };
    await client.create(Secret, foreign);
    for (let look = 0; look < 3; look += 1) await keepAuthority(keeper, signal);
    expect(await keepAuthority(keeper, signal)).toEqual({ requeueAfterMs: 300_000 });
    expect(trustOfSecret(secret())).toBeUndefined();
    const live = await client.get(Secret, { namespace: NAMESPACE, name: AUTHORITY_SECRET });
    expect(live?.data).toEqual(foreign.data);
  });
});
