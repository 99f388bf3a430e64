import { describe, expect, test } from 'vitest';
import { ADDRESS_DEADLINE_MS } from '../../src/addon/access/way-in.ts';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { Event, Node, Secret, Service } from '../../src/kube/objects/kinds.ts';
import { make, type Made } from '../../src/tls/testing/certificates.ts';
import { SteppedClock } from '../cluster/stepped-clock.ts';
import { eventually } from './children.ts';
import { queryThroughUrl, secretData } from './database.ts';
import { condition, type OperatorBed, type OperatorOptions } from './operator-bed.ts';
import { atRest } from './rest.ts';
import { stalled } from './stalled.ts';
import { withOperatorBed } from './with-bed.ts';
import { isSettled, LIST, LOAD_BALANCER, NAME, namesIn, OFF, Outside } from './outside.ts';

let bed: OperatorBed;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);

/** An addon with its app in a namespace of their own, whose operator sees no other. */
async function alone(
  name: string,
  spec: Partial<InfluxAddonSpec>,
  options: OperatorOptions = {},
): Promise<Outside> {
  const namespace = await bed.namespace(name);
  await bed.startOperator({ ...options, only: namespace });
  return await Outside.in(bed, namespace, spec);
}

const isAwaiting = (addon: Parameters<typeof condition>[0]): boolean =>
  condition(addon, 'Ready')?.message.includes('Waiting for the Service outside the cluster') === true;

describe.concurrent('a load balancer', () => {
  test('on, other ranges, off and on again: one stop each time the names change, and no app restarted', async () => {
    const outside = await alone('balanced', { tls: { mode: 'Required' } });
    const { namespace } = outside;
    await outside.settled();
    const [starts, revision] = [await outside.starts(), await outside.appRevision()];

    await outside.edit(LOAD_BALANCER);
    const waiting = await bed.until(namespace, NAME, 'waiting for an address', isAwaiting);
    expect(condition(waiting, 'Ready')?.reason).toBe('SwitchingTLS');
    expect(condition(waiting, 'Available')?.status).toBe('True');
    expect(await outside.starts()).toBe(starts);
    // Nobody may come in before there is a certificate that is good outside.
    expect(await outside.policy()).toEqual({ blocks: [], rules: 1 });

    await outside.giveAddress('192.0.2.7');
    const on = await outside.settled();
    expect(on.status?.externalEndpoint).toBe('https://192.0.2.7:8086');
    expect(await outside.shown()).toContain('IP Address:192.0.2.7');
    expect(await outside.policy()).toEqual({ blocks: LIST, rules: 1 });
    expect((await outside.service())?.spec?.loadBalancerSourceRanges).toEqual(LIST);
    const binding = await secretData(bed, namespace, `${NAME}-influx-binding`);
    const { username, password, host, pathname } = new URL(binding['external-uri'] ?? '');
    expect([host, pathname]).toEqual(['192.0.2.7:8086', `/${username}`]);
    expect([username, password]).toEqual([binding['username'], binding['password']]);
    expect(Object.keys(await secretData(bed, namespace, `${NAME}-influx`)).toSorted()).toEqual([
      'INFLUX_URL',
      'SCALINGO_INFLUX_URL',
    ]);
    expect(await outside.starts()).toBe(starts + 1);

    const since = Date.now();
    const allowedCIDRs = ['198.51.100.0/24', '2001:db8::/32'];
    await outside.edit({ internetAccess: { mode: 'LoadBalancer', allowedCIDRs } });
    await outside.settled();
    expect(await outside.policy()).toEqual({ blocks: allowedCIDRs, rules: 1 });
    expect((await outside.service())?.spec?.loadBalancerSourceRanges).toEqual(allowedCIDRs);
    await atRest(bed, namespace, NAME);
    const written = await bed.writes(namespace, since);
    const told = written.filter((each) => each === 'patch influxaddons/status').length;
    expect(written.filter((each) => each !== 'patch influxaddons/status')).toEqual([
      'update networkpolicies',
      'update services',
    ]);
    // One, and one more where the first write was told of before the second.
    expect(told, written.join(', ')).toBeGreaterThanOrEqual(1);
    expect(told, written.join(', ')).toBeLessThanOrEqual(2);

    await outside.edit(OFF);
    const off = await outside.settled();
    expect(off.status?.externalEndpoint).toBeUndefined();
    expect(await outside.service()).toBeUndefined();
    expect(await outside.policy()).toEqual({ blocks: [], rules: 1 });
    expect(await secretData(bed, namespace, `${NAME}-influx-binding`)).not.toHaveProperty('external-uri');
    expect(await outside.starts()).toBe(starts + 1);

    // Another Service has another address.
    await outside.edit(LOAD_BALANCER);
    await outside.giveAddress('192.0.2.8');
    await outside.settled();
    expect(await outside.shown()).toContain('IP Address:192.0.2.8');
    expect(await outside.starts()).toBe(starts + 2);
    expect(await outside.appRevision()).toBe(revision);
    expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW DATABASES')).status).toBe(200);
    const note7 = 'The database is reached from outside the cluster at https://192.0.2.7:8086.';
    await eventually('an event', async () => {
      const { items } = await bed.client.list(Event, { namespace });
      return items.some(({ reason, note }) => reason === 'ExternalAccess' && note === note7);
    });
  });

  test('asked for together with TLS, a plan and a host name stops the database once and restarts the app once', async () => {
    const outside = await alone('together', {});
    await outside.settled();
    const hostnames = ['db.example.com'];
    const internetAccess = { ...LOAD_BALANCER.internetAccess, hostnames };
    const revision = Number(await outside.appRevision());
    await outside.edit({ ...LOAD_BALANCER, plan: '1g', internetAccess });
    await bed.until(outside.namespace, NAME, 'waiting for an address', isAwaiting);
    await atRest(bed, outside.namespace, NAME);
    expect(await outside.starts()).toBe(1);
    await outside.giveAddress('192.0.2.17');
    const addon = await bed.until(
      outside.namespace,
      NAME,
      'reached',
      (each) => isSettled(each) && each.status?.externalEndpoint !== undefined,
    );
    expect(addon.status).toMatchObject({
      externalEndpoint: 'https://db.example.com:8086',
      plan: '1g',
      endpoint: expect.stringMatching(/^https:/) as string,
    });
    const shown = await outside.shown();
    for (const name of ['IP Address:192.0.2.17', 'DNS:db.example.com']) expect(shown).toContain(name);
    expect(await outside.starts()).toBe(2);
    expect(Number(await outside.appRevision())).toBe(revision + 1);
  });

  test('that gives no address is told of, holds up nothing else for long, and may still come', async () => {
    const clock = new SteppedClock();
    const outside = await alone('never', {}, { clock });
    await outside.settled();
    await outside.edit({ ...LOAD_BALANCER, plan: '1g' });
    const { namespace } = outside;
    await bed.until(namespace, NAME, 'waiting for an address', isAwaiting);
    clock.skip(ADDRESS_DEADLINE_MS);
    const given = await bed.until(
      namespace,
      NAME,
      'told, with the plan, and its app with it',
      (addon) =>
        condition(addon, 'Stalled')?.reason === 'NoExternalAddress' &&
        addon.status?.plan === '1g' &&
        condition(addon, 'AppsCurrent')?.status === 'True',
    );
    expect(condition(given, 'Stalled')?.message).toContain('spec.internetAccess.mode: LoadBalancer');
    expect(condition(given, 'Available')?.status).toBe('True');
    expect(given.status?.externalEndpoint).toBeUndefined();
    expect(await outside.policy()).toEqual({ blocks: [], rules: 1 });
    await outside.giveAddress('192.0.2.27');
    const addon = await outside.settled();
    expect(addon.status?.externalEndpoint).toBe('https://192.0.2.27:8086');
    expect(await outside.starts()).toBe(3);
  });

  test('whose Service somebody edits is as before, and one that somebody deletes comes back', async () => {
    const outside = await alone('edited', LOAD_BALANCER);
    await outside.giveAddress('192.0.2.37');
    await outside.settled();
    // Started only when it had its address.
    expect(await outside.starts()).toBe(1);
    const before = (await outside.service())?.spec;
    for (const spec of [
      { loadBalancerSourceRanges: ['0.0.0.0/0'] },
      { externalIPs: ['198.51.100.9'] },
      { selector: { 'influxaddon.dev/external': null } },
      { externalTrafficPolicy: 'Cluster' },
    ]) {
      const since = Date.now();
      await outside.patchService({ spec });
      await eventually('the Service as it was', async () => {
        const now = (await outside.service())?.spec;
        return (
          JSON.stringify({ ...now, healthCheckNodePort: 0 }) ===
          JSON.stringify({ ...before, healthCheckNodePort: 0 })
        );
      });
      await atRest(bed, outside.namespace, NAME);
      expect(await bed.writes(outside.namespace, since)).toEqual(['update services']);
    }
    const uid = (await outside.service())?.metadata.uid;
    await bed.client.delete(Service, { namespace: outside.namespace, name: `${NAME}-influx-external` });
    await eventually('another Service', async () => {
      const now = await outside.service();
      return now !== undefined && now.metadata.uid !== uid;
    });
    await outside.giveAddress('192.0.2.38');
    await bed.until(
      outside.namespace,
      NAME,
      'reached at the new address',
      (addon) => isSettled(addon) && addon.status?.externalEndpoint === 'https://192.0.2.38:8086',
    );
    // An address that changes by itself is the platform's: in the certificate at once, and shown after the next start.
    const starts = await outside.starts();
    await outside.giveAddress('192.0.2.39');
    await eventually('the new address in the certificate', async () => {
      const files = await secretData(bed, outside.namespace, `${NAME}-influx-tls`);
      return namesIn(files['tls.crt'] ?? '').includes('192.0.2.39');
    });
    await bed.until(
      outside.namespace,
      NAME,
      'told at the new address',
      (addon) => isSettled(addon) && addon.status?.externalEndpoint === 'https://192.0.2.39:8086',
    );
    expect(await outside.starts()).toBe(starts);
  });

  test('is not made over a Service of somebody else', async () => {
    const outside = await alone('conflict', { tls: { mode: 'Required' } });
    await outside.settled();
    const metadata = { namespace: outside.namespace, name: `${NAME}-influx-external` };
    const foreign = await bed.client.create(Service, { metadata, spec: { ports: [{ port: 80 }] } });
    await outside.edit(LOAD_BALANCER);
    const addon = await stalled(bed, outside.namespace, NAME, 'NameConflict');
    expect(condition(addon, 'Available')?.status).toBe('True');
    expect((await outside.service())?.metadata.resourceVersion).toBe(foreign.metadata.resourceVersion);
    expect(await outside.starts()).toBe(1);
    await outside.edit(OFF);
    await outside.settled();
    expect((await outside.service())?.metadata.uid).toBe(foreign.metadata.uid);
  });
});

test.concurrent('a port of the nodes: the addresses of all are in the certificate, and new ones wait for the window', async () => {
  const { tls } = LOAD_BALANCER;
  const outside = await alone('ported', {
    tls,
    internetAccess: { mode: 'NodePort', allowedCIDRs: LIST },
    access: { policy: 'Open' },
  });
  const addon = await outside.settled();
  const port = (await outside.service())?.spec?.ports?.[0]?.nodePort;
  expect(addon.status?.externalEndpoint).toBe(`https://127.0.0.1:${port}`);
  // Open has a policy now: who may come from outside is still said in one list.
  expect(await outside.policy()).toEqual({ blocks: LIST, rules: 1 });
  const binding = await secretData(bed, outside.namespace, `${NAME}-influx-binding`);
  expect(new URL(binding['external-uri'] ?? '').port).toBe(String(port));
  expect(await outside.starts()).toBe(1);

  await bed.client.create(Node, { metadata: { name: 'another' } });
  const addresses = [{ type: 'InternalIP', address: '198.51.100.77' }];
  const key = { name: 'another', namespace: '' };
  await bed.client.patch(Node, key, { status: { addresses } }, { type: 'merge', subresource: 'status' });
  await eventually('its address in the certificate', async () => {
    const files = await secretData(bed, outside.namespace, `${NAME}-influx-tls`);
    return namesIn(files['tls.crt'] ?? '').includes('198.51.100.77');
  });
  await atRest(bed, outside.namespace, NAME);
  expect(await outside.starts()).toBe(1);
  expect(await outside.shown()).not.toContain('198.51.100.77');
  await bed.client.delete(Node, key);

  await outside.edit(OFF);
  await outside.settled();
  expect(await outside.service()).toBeUndefined();
  expect(await outside.policy()).toBeUndefined();
});

test.concurrent('a certificate of the user’s own that is not for the host names is refused with those that are missing', async () => {
  const namespace = await bed.namespace('own-names');
  await bed.startOperator({ only: namespace });
  const dates = { notBefore: new Date(Date.now() - 1_000), notAfter: new Date(Date.now() + 86_400_000) };
  const root = await make({ subject: 'root', authority: true, ...dates });
  const inside = `${NAME}-influx.${namespace}.svc.cluster.local`;
  const give = async (server: Made, live?: Awaited<ReturnType<typeof read>>) => {
    const files = { 'tls.crt': server.certPem, 'tls.key': server.keyPem, 'ca.crt': root.certPem };
    const data = Object.fromEntries(
      Object.entries(files).map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
    );
    if (live === undefined) await bed.client.create(Secret, { metadata: { namespace, name: 'mine' }, data });
    else await bed.client.replace(Secret, { ...live, data });
  };
  const read = async () => await bed.client.get(Secret, { namespace, name: 'mine' });
  await give(await make({ subject: 'server', issuer: root, dnsNames: [inside], ...dates }));
  const tls = { mode: 'Required', certificateRef: { name: 'mine' } } as const;
  await bed.addon(namespace, NAME, { tls });
  await bed.ready(namespace, NAME);
  const internetAccess = { mode: 'NodePort', allowedCIDRs: LIST, hostnames: ['db.example.com'] } as const;
  await bed.client.patch(
    InfluxAddon,
    { namespace, name: NAME },
    { spec: { internetAccess } },
    { type: 'merge' },
  );
  const refused = await stalled(bed, namespace, NAME, 'CertificateRefused');
  expect(condition(refused, 'Stalled')?.message).toContain('tls.crt is not for db.example.com');
  expect(condition(refused, 'Available')?.status).toBe('True');
  expect(refused.status?.externalEndpoint).toBeUndefined();
  const dnsNames = [inside, 'db.example.com'];
  await give(await make({ subject: 'server', issuer: root, dnsNames, ...dates }), await read());
  const addon = await bed.ready(namespace, NAME);
  expect(addon.status?.externalEndpoint).toMatch(/^https:\/\/db\.example\.com:3\d{4}$/);
});
