import { request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addonWebhook } from '../../build/operator-manifests.ts';
import { REVIEW_PATH } from '../../src/admission/app.ts';
import { WEBHOOK_SECRET } from '../../src/admission/certificate-secret.ts';
import { runWebhook, type WebhookOptions } from '../../src/admission/run.ts';
import { plans } from '../../src/api/catalogue.ts';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon, InfluxPlan, InfluxVersion } from '../../src/api/kinds.ts';
import { ApiError } from '../../src/kube/api-error.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { systemClock, type Clock } from '../../src/kube/clock.ts';
import { Secret, ValidatingWebhookConfiguration } from '../../src/kube/kinds.ts';
import { silentLogger } from '../../src/kube/log.ts';
import type { Transport } from '../../src/kube/transport.ts';
import { inspect } from '../../src/tls/inspect.ts';
import { kubectl as kubectlBinary } from '../cluster/binaries.ts';
import { run } from '../cluster/run-command.ts';
import { eventually } from './children.ts';
import {
  condition,
  OPERATOR_NAMESPACE,
  OPERATOR_USER,
  type OperatorBed,
  type RunningOperator,
  startOperatorBed,
  transportFor,
  WEBHOOK_NAME,
} from './operator-bed.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const spec = plans[0]?.spec;
if (spec === undefined) throw new Error('the catalogue is empty');

let bed: OperatorBed;
let running: RunningOperator;
let kubectlPath: string;
let webhook: RunningWebhook;

beforeAll(async () => {
  kubectlPath = await kubectlBinary();
  bed = await startOperatorBed();
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
  webhook = await startWebhook();
  await bed.client.create(ValidatingWebhookConfiguration, configurationFor(webhook.port));
  await untilAsked();
});
afterAll(async () => {
  await webhook.stop();
  await bed[Symbol.asyncDispose]();
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
  expect(await create(namespace, 'later', { users: [{ name: 'reader', access: 'Read' }] })).toMatch(
    /Warning: spec\.users: this release .* does not know how to do that yet/,
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
  const { port } = webhook;
  await webhook.stop();
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

  webhook = await startWebhook({ port });
  await untilAsked();
});

test('a certificate is renewed while requests go on, and not one of them passes unseen', async () => {
  const namespace = await bed.namespace('renewal');
  const { port } = webhook;
  await webhook.stop();
  await bed.client.delete(Secret, { namespace: OPERATOR_NAMESPACE, name: WEBHOOK_SECRET });
  // Two replicas, of which the first answers; both keep the certificate, whose life began 260 days ago.
  let agoMs = 260 * DAY_MS;
  const clock: Clock = {
    ...systemClock,
    now: () => Date.now() - agoMs,
    monotonic: () => systemClock.monotonic(),
    after: (ms, then) => systemClock.after(ms, then),
  };
  // A connection for each request: one that is kept would not show what a new one gets. And announcements take their
  // time: what is shown too early is then shown long enough to be noticed.
  webhook = await startWebhook({ port, clock, overlapMs: 3_000, requestsPerConnection: 1 }, 1_000);
  const second = await startWebhook({ clock, overlapMs: 3_000 }, 1_000);
  await untilAsked();
  const first = await shownBy(port);
  expect(await shownBy(second.port)).toBe(first);

  const answers: string[] = [];
  const asking = new AbortController();
  const asked = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!asking.signal.aborted) answers.push(await outcome(namespace));
    }),
  );
  await delay(500);
  agoMs = 0;
  // What the clock says is looked at when something happens: an annotation on the Secret will do.
  await bed.client.patch(
    Secret,
    { namespace: OPERATOR_NAMESPACE, name: WEBHOOK_SECRET },
    { metadata: { annotations: { 'example.com/touched': 'now' } } },
    { type: 'merge' },
  );
  await eventually(
    'the new certificate on both',
    async () => {
      const shown = await shownBy(port);
      return shown !== first && (await shownBy(second.port)) === shown;
    },
    20_000,
  );
  await bed.plane.restartApiserver().then(untilAsked); // which opens new connections
  asking.abort();
  await asked;
  expect(new Set(answers.filter((answer) => answer !== 'no API server'))).toEqual(new Set(['Invalid']));
  expect(answers.length).toBeGreaterThan(20);
  await second.stop();
});

test('junk is answered with 400 or 413, and nothing comes of it', async () => {
  const before = process.memoryUsage().rss;
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
  expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  expect(await outcome(await bed.namespace('after-junk'))).toBe('Invalid');
});

interface RunningWebhook {
  readonly port: number;
  stop(): Promise<void>;
}

/** A webhook of this process on the caches of the running operator, with the rights that are shipped. */
async function startWebhook(
  options: Pick<Partial<WebhookOptions>, 'port' | 'clock' | 'overlapMs' | 'requestsPerConnection'> = {},
  announceAfterMs = 0,
): Promise<RunningWebhook> {
  const http = await transportFor(await bed.plane.userKubeconfig(OPERATOR_USER));
  const transport: Transport = {
    request: async (asked) => {
      if (asked.method === 'PATCH' && asked.path.includes('webhookconfigurations'))
        await delay(announceAfterMs);
      return await http.request(asked);
    },
    watch: (asked) => http.watch(asked),
    close: () => http.close(),
  };
  const stop = new AbortController();
  const listening = Promise.withResolvers<number>();
  const ended = runWebhook(
    {
      client: new KubeClient(transport, { fieldManager: 'influxaddon-operator' }),
      stores: running.operator.stores,
      ready: () => running.operator.hasSynced,
      settings: {
        clusterDomain: 'cluster.local',
        operatorNamespace: OPERATOR_NAMESPACE,
        operatorPodLabels: {},
        restarts: { atOnce: 5, deadlineMs: 300_000 },
      },
      name: WEBHOOK_NAME,
      port: 0,
      log: silentLogger,
      onListening: listening.resolve,
      ...options,
    },
    stop.signal,
  );
  return {
    port: await listening.promise,
    stop: async () => {
      stop.abort();
      await ended;
      await transport.close();
    },
  };
}

/** The shipped configuration, but by address: there is no Service network under this control plane. */
function configurationFor(port: number): ValidatingWebhookConfiguration {
  const shipped = addonWebhook({ url: `https://127.0.0.1:${port}${REVIEW_PATH}` });
  return {
    metadata: { name: WEBHOOK_NAME },
    webhooks: [shipped],
  } as unknown as ValidatingWebhookConfiguration;
}

/** Waits until the API server asks the webhook and trusts its certificate. */
async function untilAsked(): Promise<void> {
  await eventually('the first refusal', async () => (await outcome('default')) === 'Invalid', 20_000);
}

/** What becomes of a creation that the webhook has to refuse. */
async function outcome(namespace: string): Promise<string> {
  const name = `probe-${Math.random().toString(36).slice(2, 10)}`;
  try {
    await bed.addon(namespace, name, { plan: 'no-such-plan' });
    await bed.client.delete(InfluxAddon, { namespace, name });
    return 'stored';
  } catch (error) {
    const { code, reason } = ApiError.from(error);
    return code === 0 || code >= 500 || code === 401 ? 'no API server' : reason;
  }
}

async function withoutWebhook(then: () => Promise<void>): Promise<void> {
  const { port } = webhook;
  await webhook.stop();
  await then();
  webhook = await startWebhook({ port });
  await untilAsked();
}

/** Runs kubectl and returns all that it says. */
async function kubectl(args: string[], input?: string): Promise<string> {
  const said: string[] = [];
  await run(kubectlPath, args, {
    env: { KUBECONFIG: bed.plane.kubeconfig },
    log: (line) => said.push(line),
    ...(input === undefined ? {} : { input }),
  });
  return said.join('\n');
}

async function create(namespace: string, name: string, wanted: Partial<InfluxAddonSpec>): Promise<string> {
  const manifest = {
    apiVersion: 'influxaddon.dev/v1alpha1',
    kind: 'InfluxAddon',
    metadata: { namespace, name },
    spec: { plan: '512m', ...wanted },
  };
  return await kubectl(['create', '-f', '-'], JSON.stringify(manifest));
}

async function patch(namespace: string, name: string, body: object): Promise<string> {
  return await kubectl([
    'patch',
    'influxaddon',
    name,
    '-n',
    namespace,
    '--type=merge',
    '-p',
    JSON.stringify(body),
  ]);
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

async function post(port: number, body: string): Promise<number> {
  return await new Promise((resolve, reject) => {
    const asking = request(
      // Who sends junk does not look at certificates.
      { host: '127.0.0.1', port, path: REVIEW_PATH, method: 'POST', rejectUnauthorized: false, agent: false },
      (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode ?? 0));
      },
    );
    asking.once('error', reject);
    asking.end(body);
  });
}

/** Fingerprint of the certificate that is shown to a new connection, which has to be trusted by what is announced. */
async function shownBy(port: number): Promise<string> {
  const configuration = await bed.client.get(ValidatingWebhookConfiguration, { name: WEBHOOK_NAME });
  const ca = Buffer.from(configuration?.webhooks?.[0]?.clientConfig.caBundle ?? '', 'base64').toString(
    'utf8',
  );
  return await new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path: '/', ca, agent: false }, (answer) => {
      answer.resume();
    });
    asking.once('error', reject);
    asking.once('socket', (socket) =>
      socket.once('secureConnect', () => {
        const pem = (socket as TLSSocket).getPeerX509Certificate()?.toString() ?? '';
        const found = inspect({ certPem: pem });
        asking.destroy();
        if (typeof found === 'string') reject(new Error(found));
        else resolve(found.leaf.fingerprint);
      }),
    );
    asking.end();
  });
}
