import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Secret } from '../../kube/objects/kinds.ts';
import { settleFacts, type FactSources } from './settle.ts';
import { ADMIN_KEY } from './admin-keys.ts';
import { decode, encode } from '../world/secret-data.ts';
import { ANNOTATION } from '../world/names.ts';
import { buildAdminSecret } from '../children/admin-secret.ts';
import { buildBindingSecret } from '../children/binding-secret.ts';
import { buildClaim } from '../children/claim.ts';
import { buildStatefulSet } from '../children/stateful-set.ts';
import { buildUrlSecret } from '../children/url-secret.ts';
import { begun, finished, promoted } from './rotation-phases.ts';
import { contextOf, countingFresh, FACTS, inForce, NOW } from '../testing/fixtures.ts';

const context = contextOf();
const ALL: FactSources = {
  addonName: 'my-app',
  statusId: FACTS.id,
  adminSecret: buildAdminSecret(context),
  urlSecret: buildUrlSecret(context),
  bindingSecret: buildBindingSecret(context),
  claim: buildClaim(context),
  statefulSet: buildStatefulSet(context),
};

function settle(sources: Partial<FactSources>) {
  return settleFacts({ ...ALL, ...sources }, countingFresh());
}

function edit(secret: Secret | undefined, values: Record<string, string>): Secret {
  return { ...secret, data: { ...secret?.data, ...encode(values) } };
}

const COPIES = ['adminSecret', 'urlSecret', 'bindingSecret'] as const;

describe('settleFacts', () => {
  it('reads back what the children were made from', () => {
    expect(settle({})).toEqual({ facts: FACTS, missing: [] });
  });

  it('believes no record of an older engine than the one that opened the data, while another copy is newer', () => {
    const older = contextOf({ target: inForce('1g', '1.8.5'), facts: { ...FACTS, openedBy: '1.8.5' } });
    const { facts } = settle({ adminSecret: buildAdminSecret(older) });
    expect(facts).toMatchObject({ openedBy: '1.8.10', inForce: { version: { name: '1.8.10' } } });
    const bothOld = settle({ adminSecret: buildAdminSecret(older), statefulSet: buildStatefulSet(older) });
    expect(bothOld.facts).toMatchObject({ openedBy: '1.8.10', inForce: { version: { name: '1.8.5' } } });
    const newer = { facts: { ...FACTS, openedBy: '1.8.5' }, target: inForce('1g', '1.8.10') };
    const upgrading = contextOf({ ...newer });
    const sources = { adminSecret: buildAdminSecret(upgrading), claim: buildClaim(older) };
    const { inForce: next } = settle({ ...sources, statefulSet: buildStatefulSet(older) }).facts;
    expect(next?.version.name).toBe('1.8.10');
  });

  it.each(COPIES)('restores all from the others when %s is gone', (copy) => {
    const { facts } = settle({ [copy]: undefined });
    expect(facts).toMatchObject({ id: FACTS.id, password: FACTS.password, passwordUnproven: false });
    expect(facts.inForce).toEqual(FACTS.inForce);
  });

  it('keeps id and password as long as any copy of each survives', () => {
    const property = fc.property(
      fc.subarray([...COPIES]),
      fc.boolean(),
      fc.boolean(),
      (gone, claim, status) => {
        const lost = Object.fromEntries(gone.map((copy) => [copy, undefined]));
        const { facts, missing } = settle({
          ...lost,
          ...(claim ? {} : { claim: undefined }),
          ...(status ? {} : { statusId: undefined }),
        });
        const idSurvives = claim || status || gone.length < COPIES.length;
        expect(facts.id === FACTS.id).toBe(idSurvives);
        expect(missing.includes('id')).toBe(!idSurvives);
        expect(facts.password === FACTS.password).toBe(gone.length < COPIES.length);
        expect(missing.includes('password')).toBe(gone.length === COPIES.length);
      },
    );
    fc.assert(property);
  });

  const other = 'somebody-elses-password-0123456789';
  const url = `http://${FACTS.id}:${other}@host:8086/${FACTS.id}`;
  const urlSecret = edit(ALL.urlSecret, { SCALINGO_INFLUX_URL: url, INFLUX_URL: url });
  const bindingSecret = edit(ALL.bindingSecret, { password: other });

  it.each<[string, Partial<FactSources>]>([
    ['the URL', { urlSecret }],
    ['the binding', { bindingSecret }],
    ['both', { urlSecret, bindingSecret }],
  ])('reverts the edited Secret of %s from the admin Secret, which alone is believed', (_, sources) => {
    expect(settle(sources)).toEqual({ facts: FACTS, missing: [] });
  });

  it('believes an admin Secret that is well formed, whatever the Secrets for apps hold', () => {
    const adminSecret = edit(ALL.adminSecret, { [ADMIN_KEY.password]: other });
    expect(settle({ adminSecret }).facts.password).toBe(other);
  });

  it.each<[string, Record<string, string>]>([
    ['no password', { [ADMIN_KEY.password]: 'edited' }],
    ['no user of the database', { [ADMIN_KEY.username]: 'edited' }],
  ])('lets the copies vote when the admin Secret holds %s', (_, values) => {
    const adminSecret = edit(ALL.adminSecret, values);
    expect(settle({ adminSecret }).facts).toMatchObject({
      username: FACTS.username,
      password: FACTS.password,
    });
    const { password } = settle({ adminSecret, urlSecret, bindingSecret }).facts;
    expect(password).toBe(other);
  });

  it('outvotes one edited copy of the password by two that agree, when the admin Secret is not well formed', () => {
    for (const copies of [{ urlSecret }, { bindingSecret }]) {
      const adminSecret = edit(ALL.adminSecret, { [ADMIN_KEY.username]: 'edited' });
      expect(settle({ adminSecret, ...copies }).facts.password).toBe(FACTS.password);
    }
  });

  it('does not believe what is no password: too short, or in need of escaping', () => {
    for (const text of ['', 'short', `${FACTS.password}"; DROP`, 'x'.repeat(73), `${FACTS.password}\n`]) {
      const { facts } = settle({
        adminSecret: edit(ALL.adminSecret, { [ADMIN_KEY.password]: text }),
        urlSecret: undefined,
      });
      expect(facts.password).toBe(FACTS.password);
    }
  });

  it('outvotes an edited id, and believes no id of another addon', () => {
    const claim = {
      ...ALL.claim,
      metadata: { ...ALL.claim?.metadata, annotations: { [ANNOTATION.id]: 'my_app_1' } },
    };
    expect(settle({ claim }).facts.id).toBe(FACTS.id);
    const adminSecret = edit(ALL.adminSecret, { [ADMIN_KEY.id]: 'other_app_1234' });
    expect(settle({ adminSecret, statusId: undefined }).facts.id).toBe(FACTS.id);
  });

  it('takes user and password together from the copies, and none of the login that was retired', () => {
    const next = promoted(
      begun(FACTS, 'a', () => 'next-password-0123456789-0123456789', NOW),
      NOW,
    );
    const adminSecret = buildAdminSecret({ ...context, facts: next });
    // Only the admin Secret was written when the operator died: the two others are behind, not two against one.
    expect(settle({ adminSecret }).facts).toEqual(next);
    const done = finished(next);
    expect(settle({ adminSecret: buildAdminSecret({ ...context, facts: done }) }).facts).toEqual(done);
    const urlSecret = buildUrlSecret({ ...context, facts: next });
    const { username, password } = settle({
      adminSecret: undefined,
      urlSecret,
      bindingSecret: undefined,
    }).facts;
    expect({ username, password }).toEqual({ username: next.username, password: next.password });
  });

  it('never takes the new password for that of the former user, whose name somebody wrote over', () => {
    const next = promoted(
      begun(FACTS, 'a', () => 'next-password-0123456789-0123456789', NOW),
      NOW,
    );
    const adminSecret = edit(buildAdminSecret({ ...context, facts: next }), {
      [ADMIN_KEY.username]: 'edited',
    });
    expect(settle({ adminSecret }).facts).toEqual(next);
  });

  it('believes no edited record of a rotation', () => {
    const { rotation } = begun(FACTS, 'a', () => 'next-password-0123456789-0123456789', NOW);
    const records = [
      'x',
      '{}',
      JSON.stringify({ ...rotation, phase: 'Done' }),
      JSON.stringify({ ...rotation, username: 'admin' }),
      JSON.stringify({ ...rotation, username: FACTS.username }),
      JSON.stringify({ ...rotation, password: 'short' }),
      JSON.stringify({ ...rotation, adminPassword: undefined }),
      JSON.stringify({ ...rotation, since: 'yesterday' }),
    ];
    for (const text of records) {
      const adminSecret = edit(ALL.adminSecret, { [ADMIN_KEY.rotation]: text });
      expect(settle({ adminSecret }).facts, text).toEqual(FACTS);
    }
    const adminSecret = edit(ALL.adminSecret, { [ADMIN_KEY.rotation]: JSON.stringify(rotation) });
    expect(settle({ adminSecret }).facts.rotation).toEqual(rotation);
  });

  it('calls a password unproven that is newer than the data, until the admin Secret says otherwise', () => {
    const lost = { adminSecret: undefined, urlSecret: undefined, bindingSecret: undefined };
    expect(settle(lost).facts.passwordUnproven).toBe(true);
    expect(settle({ ...lost, claim: undefined }).facts.passwordUnproven).toBe(false);
    const unproven = edit(ALL.adminSecret, { [ADMIN_KEY.passwordUnproven]: 'true' });
    expect(settle({ adminSecret: unproven }).facts.passwordUnproven).toBe(true);
  });

  it('takes the newer of the two records of the version that opened the data, by number', () => {
    const claimOf = (version: string) => ({
      ...ALL.claim,
      metadata: { ...ALL.claim?.metadata, annotations: { [ANNOTATION.openedBy]: version } },
    });
    const adminSecret = edit(ALL.adminSecret, { [ADMIN_KEY.openedBy]: '1.8.9' });
    expect(settle({ adminSecret, claim: claimOf('1.8.10') }).facts.openedBy).toBe('1.8.10');
    expect(settle({ adminSecret, claim: claimOf('1.7.11') }).facts.openedBy).toBe('1.8.9');
    expect(settle({ adminSecret, claim: claimOf('latest') }).facts.openedBy).toBe('1.8.9');
  });

  it('finds what is in force on the StatefulSet when the admin Secret lost it', () => {
    const halved = { ...FACTS.inForce, plan: { name: '1g', spec: { memory: '1Gi' } } };
    for (const text of ['{"plan":', JSON.stringify(halved)]) {
      const adminSecret = edit(ALL.adminSecret, { [ADMIN_KEY.inForce]: text });
      expect(settle({ adminSecret }).facts.inForce).toEqual(FACTS.inForce);
      expect(settle({ adminSecret, statefulSet: undefined }).facts.inForce).toBeUndefined();
    }
  });

  it('draws passwords of at least 128 bits that need no escaping', () => {
    const { facts } = settleFacts(
      { ...ALL, adminSecret: undefined, urlSecret: undefined, bindingSecret: undefined },
      countingFresh(),
    );
    expect(facts.password).toMatch(/^[A-Za-z0-9_-]{22,72}$/);
  });
});

describe('decode', () => {
  it('is the inverse of encode', () => {
    const property = fc.property(fc.dictionary(fc.stringMatching(/^[a-z.]+$/), fc.string()), (data) => {
      expect(decode({ data: encode(data) })).toEqual({ ...data });
    });
    fc.assert(property);
  });
});
