import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OVERLAP_MS } from '../../src/admission/certificate.ts';
import { WEBHOOK_SECRET } from '../../src/admission/certificate-secret.ts';
import { plans } from '../../src/api/catalogue.ts';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon, InfluxPlan, InfluxVersion } from '../../src/api/kinds.ts';
import { Secret, ValidatingWebhookConfiguration } from '../../src/kube/objects/kinds.ts';
import { eventually } from './children.ts';
import { Clients } from './clients.ts';
import { condition, OPERATOR_NAMESPACE, type OperatorBed, type RunningOperator } from './operator-bed.ts';
import { configurationFor, Gate, pointTo, type RunningWebhook, startWebhook } from './running-webhook.ts';
import { SteppedClock } from '../cluster/stepped-clock.ts';
import {
  announced,
  Asking,
  outcome,
  post,
  shownBy,
  storedCertificate,
  untilAsked,
  untilConfigured,
} from './webhook-probes.ts';
import { withOperatorBed } from './with-bed.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const spec = plans[0]?.spec;
if (spec === undefined) throw new Error('the catalogue is empty');

let bed: OperatorBed;
let running: RunningOperator;
let clients: Clients;
let webhook: RunningWebhook;

withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);
beforeAll(async () => {
  clients = await Clients.open(bed.plane.kubeconfig);
  await bed.client.create(InfluxPlan, {
    metadata: { name: 'old' },
    spec: { ...spec, lifecycle: 'Withdrawn' },
  });
  await bed.client.create(InfluxPlan, {
    metadata: { name: 'aging' },
    spec: { ...spec, lifecycle: 'Deprecated' },
  });
  for (const [name, lifecycle] of [
    ['1.7.9', 'Deprecated'],
    ['1.7.10', 'Withdrawn'],
    ['2.7.0', 'Available'],
    ['3.1.0', 'Available'],
  ] as const) {
    await bed.client.create(InfluxVersion, {
      metadata: { name },
      spec: { image: `influxdb:${name}`, lifecycle },
    });
  }
  running = await bed.startOperator();
  webhook = await startWebhook(bed, running);
  await bed.client.create(ValidatingWebhookConfiguration, configurationFor(webhook.port));
  await untilAsked(bed);
});
afterAll(async () => {
  await webhook?.stop();
  await clients?.[Symbol.asyncDispose]();
});

describe('a bad spec is refused when it is applied, in words that name the field and what is allowed', () => {
  test.concurrent.each<[string, Partial<InfluxAddonSpec>, RegExp]>([
    [
      'unknown plan',
      { plan: '3g' },
      /is invalid: spec\.plan: 3g is not in the catalogue; allowed: .*512m, .*1g/,
    ],
    [
      'withdrawn plan',
      { plan: 'old' },
      /is invalid: spec\.plan: old is withdrawn and not for new use; allowed: .*512m/,
    ],
    [
      'unknown version',
      { version: '1.9' },
      /is invalid: spec\.version: 1\.9 is not in the catalogue; allowed: .*1\.8\.10/,
    ],
    [
      'withdrawn version',
      { version: '1.7.10' },
      /is invalid: spec\.version: 1\.7\.10 is withdrawn.*allowed: .*1\.7\.11/,
    ],
  ])('%s', async (what, wrong, message) => {
    const namespace = await bed.namespace(`new-${what.replaceAll(' ', '-')}`);
    const said = await refused(create(namespace, 'db', wrong));
    expect(said).toMatch(/The InfluxAddon "db" is invalid/);
    expect(said).toMatch(message);
    expect(await bed.client.get(InfluxAddon, { namespace, name: 'db' })).toBeUndefined();
  });

  test('of a running database: downgrades, skipped majors, majors that cannot take the data', async () => {
    const namespace = await bed.namespace('edits');
    await bed.addon(namespace, 'db');
    await bed.ready(namespace, 'db');
    const edit = (version: string) => refused(patch(namespace, 'db', { spec: { version } }));
    expect(await edit('1.7')).toMatch(
      /spec\.version: 1\.7\.11 is older than 1\.8\.10, .*downgrade is not possible\. Allowed: 1\.8\.10/,
    );
    expect(await edit('3.1.0')).toMatch(
      /spec\.version: 3\.1\.0 skips a major version; upgrade to a 2\.x version first/,
    );
    expect(await edit('2.7')).toMatch(/spec\.version: 2\.7\.0 does not know how to migrate data of 1\.x/);
    expect((await bed.get(namespace, 'db')).spec.version).toBeUndefined();
    expect((await bed.get(namespace, 'db')).metadata.generation).toBe(1);
  });
});

test('what works but should not be begun with is stored with a warning', async () => {
  const namespace = await bed.namespace('warnings');
  expect(await create(namespace, 'aging', { plan: 'aging', version: '1.7.9' })).toMatch(
    /Warning: spec\.plan: aging is deprecated.*\nWarning: spec\.version: 1\.7\.9 is deprecated/,
  );
});

test('a plan and an addon that come together are never refused for a cache that is behind', async () => {
  const namespace = await bed.namespace('together');
  for (let index = 0; index < 20; index += 1) {
    await bed.client.create(InfluxPlan, { metadata: { name: `fresh-${index}` }, spec });
    await bed.addon(namespace, `db-${index}`, { plan: `fresh-${index}`, state: 'Stopped' });
  }
});

test('a mistake that is there already holds up no other edit, and what ends it is taken', async () => {
  const namespace = await bed.namespace('mistaken');
  await withoutWebhook(async () => {
    await bed.addon(namespace, 'db', { plan: 'gone' });
  });
  await bed.until(namespace, 'db', 'Stalled', (addon) => condition(addon, 'Stalled')?.status === 'True');
  const key = { namespace, name: 'db' };
  expect(await patch(namespace, 'db', { spec: { access: { policy: 'Open' } } })).toMatch(
    /Warning: spec\.plan: gone is not in the catalogue/,
  );
  expect(
    await patch(namespace, 'db', { metadata: { annotations: { 'example.com/note': 'x' } } }),
  ).not.toMatch(/Warning/);
  expect(await refused(patch(namespace, 'db', { spec: { plan: 'gone-too' } }))).toMatch(
    /gone-too is not in the catalogue/,
  );
  await bed.client.patch(InfluxAddon, key, { spec: { plan: '512m' } }, { type: 'merge' });
  await bed.ready(namespace, 'db');
  await bed.client.patch(InfluxAddon, key, { spec: { deletionPolicy: 'Delete' } }, { type: 'merge' });
  await bed.client.delete(InfluxAddon, key);
  await eventually('its end', async () => (await bed.client.get(InfluxAddon, key)) === undefined);
});

test('a dead webhook holds nobody up: the reconciler refuses the same, in the same words', async () => {
  const namespace = await bed.namespace('dead');
  const said = await refused(create(namespace, 'db', { plan: '3g' }));
  await withoutWebhook(async () => {
    await bed.addon(namespace, 'db', { plan: '3g' });
    const addon = await bed.until(
      namespace,
      'db',
      'Stalled',
      (each) => condition(each, 'Stalled')?.status === 'True',
    );
    expect(condition(addon, 'Stalled')?.reason).toBe('UnknownPlan');
    expect(said).toContain(condition(addon, 'Stalled')?.message);
    await bed.client.delete(InfluxAddon, { namespace, name: 'db' });
  });
});

test('a certificate is renewed while requests go on, and not one of them passes unseen', async () => {
  const namespace = await bed.namespace('renewal');
  await withoutWebhook(async () => {
    await bed.client.delete(Secret, { namespace: OPERATOR_NAMESPACE, name: WEBHOOK_SECRET });
    // Two replicas, of which the first answers; both keep the certificate, whose life began 260 days ago.
    const clock = new SteppedClock();
    clock.skip(-260 * DAY_MS);
    const announcing = new Gate();
    // A connection for each request: one that is kept would not show what a new one gets.
    await using front = await startWebhook(bed, running, { clock, requestsPerConnection: 1 }, announcing);
    await using second = await startWebhook(bed, running, { clock }, announcing);
    await pointTo(bed, front.port);
    await untilAsked(bed);
    const first = await shownBy(bed, front.port);
    expect(await shownBy(bed, second.port)).toBe(first);

    await using asking = new Asking(bed, namespace);
    await asking.untilMore();
    // A successor is made, but nobody is told of it: whoever shows it now is not trusted.
    announcing.close();
    clock.skip(260 * DAY_MS);
    await eventually('the successor', async () => (await storedCertificate(bed))?.next !== undefined);
    await asking.untilMore();
    announcing.open();
    await eventually('the announcement', async () => {
      const { ca } = (await storedCertificate(bed)) ?? {};
      return ca !== undefined && (await announced(bed)) === ca;
    });
    await untilConfigured(bed);
    await asking.untilMore();
    expect([await shownBy(bed, front.port), await shownBy(bed, second.port)]).toEqual([first, first]);
    clock.skip(OVERLAP_MS);
    await eventually('the new certificate on both', async () => {
      const shown = await shownBy(bed, front.port);
      return shown !== first && (await shownBy(bed, second.port)) === shown;
    });
    await asking.untilMore();
    await bed.plane.restartApiserver().then(() => untilAsked(bed)); // which opens new connections
    await asking.untilMore();
    expect(new Set(await asking.end())).toEqual(new Set(['Invalid']));
  });
});

test('junk is answered with 400 or 413, and nothing comes of it', async () => {
  const before = held();
  const bodies = [
    '',
    'null',
    '[]',
    '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}',
    '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"","operation":"CREATE"}}',
    '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"CREATE","object":{"spec":5}}}',
    '['.repeat(900_000),
    'x'.repeat(2_000_000),
    '\u0000\u0001\u0002',
    '{"a":'.repeat(10_000),
  ];
  const codes: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    codes.push(...(await Promise.all(bodies.map((body) => post(webhook.port, body)))));
  }
  expect(codes).toHaveLength(200);
  expect(new Set(codes)).toEqual(new Set([400, 413]));
  // Half of what was sent.
  expect(held() - before).toBeLessThan(30e6);
  expect(await outcome(bed, await bed.namespace('after-junk'))).toBe('Invalid');
});

/** What the others are asked by is started anew afterwards, whatever came of it. */
async function withoutWebhook(then: () => Promise<void>): Promise<void> {
  await webhook.stop();
  try {
    await then();
  } finally {
    webhook = await startWebhook(bed, running);
    await pointTo(bed, webhook.port);
    await untilAsked(bed);
  }
}

/** Runs kubectl and returns all that it says. */
async function kubectl(namespace: string, args: string[], input?: object): Promise<string> {
  const said: string[] = [];
  await clients.kubectl(namespace, args, input, (line) => said.push(line));
  return said.join('\n');
}

async function create(namespace: string, name: string, wanted: Partial<InfluxAddonSpec>): Promise<string> {
  return await kubectl(namespace, ['create', '-f', '-'], {
    apiVersion: 'influxaddon.dev/v1alpha1',
    kind: 'InfluxAddon',
    metadata: { namespace, name },
    spec: { plan: '512m', ...wanted },
  });
}

async function patch(namespace: string, name: string, body: object): Promise<string> {
  const args = ['patch', 'influxaddon', name, '--type=merge', '-p', JSON.stringify(body)];
  return await kubectl(namespace, args);
}

/** What kubectl says when the API server says no. */
async function refused(attempt: Promise<string>): Promise<string> {
  return await attempt.then(
    (said) => {
      throw new Error(`this was not refused: ${said}`);
    },
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

/** Bytes of this process that something still refers to. */
function held(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
