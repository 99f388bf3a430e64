import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { plans } from '../../src/api/catalogue.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { makePrivatePair } from '../../src/tls/private-pair.ts';
import { Deployment, ValidatingWebhookConfiguration } from '../../src/kube/objects/kinds.ts';
import { helm } from '../cluster/binaries.ts';
import { gitopsDiff, kstatus } from '../cluster/gitops.ts';
import { run } from '../cluster/run-command.ts';
import { appOf } from './app.ts';
import { eventually } from './children.ts';
import { Clients } from './clients.ts';
import { condition, isReady, type OperatorBed } from './operator-bed.ts';
import { atRest } from './rest.ts';
import { withOperatorBed } from './with-bed.ts';

/** What GitOps tools find of what they applied, by their own libraries, when the operator has done its work. */
const NAME = 'my-app';

let bed: OperatorBed;
let clients: Clients;
withOperatorBed((started) => {
  bed = started;
});
beforeAll(async () => {
  clients = await Clients.open(bed.plane.kubeconfig);
});
afterAll(async () => {
  await clients?.[Symbol.asyncDispose]();
});

/** A plan of its own, an app that gets its variables, and an addon with something of everything that has defaults. */
function manifests(namespace: string): object[] {
  const [plan] = plans.filter(({ metadata }) => metadata?.name === '512m');
  const app = { apiVersion: 'apps/v1', kind: 'Deployment', ...appOf(namespace) };
  const addon = {
    apiVersion: 'influxaddon.dev/v1alpha1',
    kind: 'InfluxAddon',
    metadata: { namespace, name: NAME },
    spec: {
      plan: namespace,
      version: '1.8',
      apps: [{ name: 'web', env: 'Inject' }],
      retentionPolicies: [{ name: 'one_week', duration: '7d' }],
      users: [{ name: 'reader', access: 'Read' }],
      access: { policy: 'Bound', from: [{ podSelector: { matchLabels: { app: 'board' } } }] },
      placement: { nodeSelector: {}, podLabels: { team: 'metrics' } },
      maintenanceWindow: { weekday: 'Tuesday', startHour: 21 },
    },
  };
  return [{ ...plan, metadata: { name: namespace } }, app, addon];
}

const CLIENT_SIDE: readonly string[] = [];
const serverSide = (manager: string): readonly string[] => ['--server-side', `--field-manager=${manager}`];

test.each([
  ['argo', 'applied-by-client', CLIENT_SIDE],
  ['argo', 'applied-by-server', serverSide('argocd-controller')],
  ['flux', 'applied-by-flux', serverSide('kustomize-controller')],
] as const)(
  '%s finds no difference in what it applied (%s) and the operator acted on',
  async (tool, namespace, how) => {
    await bed.startOperator();
    await bed.namespace(namespace);
    const applied = manifests(namespace);
    for (const object of applied) await clients.kubectl(namespace, ['apply', ...how, '-f', '-'], object);
    await bed.until(
      namespace,
      NAME,
      'bound',
      (addon) => isReady(addon) && condition(addon, 'AppsCurrent')?.reason === 'Current',
    );
    await atRest(bed, namespace, NAME);
    const unchanged = applied.map(() => ({ changed: false }));
    expect(await gitopsDiff(tool, bed.plane.kubeconfig, applied)).toEqual(unchanged);

    // What somebody else has changed is found, so that nothing found means something.
    const edit = { spec: { plan: '1g', maintenanceWindow: { weekday: 'Monday' } } };
    await bed.client.patch(InfluxAddon, { namespace, name: NAME }, edit, { type: 'merge' });
    const after = await gitopsDiff(tool, bed.plane.kubeconfig, applied);
    expect(after.map(({ changed }) => changed)).toEqual([false, false, true]);
  },
);

test.each([
  ['argo', 'argocd-controller'],
  ['flux', 'kustomize-controller'],
] as const)(
  '%s finds no difference in the webhook of the chart once its authority is announced',
  async (tool, manager) => {
    const chart = join(import.meta.dirname, '../../charts/influxaddon-operator');
    const rendered = await run(await helm(), ['template', tool, chart]);
    const [webhook] = (loadAll(rendered) as ValidatingWebhookConfiguration[]).filter(
      (each) => each?.kind === 'ValidatingWebhookConfiguration',
    );
    if (webhook?.webhooks === undefined) throw new Error('the chart has no webhook');
    const { name = '' } = webhook.metadata ?? {};
    // Nobody serves it here: whatever it is asked about would be refused.
    onTestFinished(async () => {
      await bed.client.delete(ValidatingWebhookConfiguration, { name });
    });
    await clients.kubectl('default', ['apply', ...serverSide(manager), '-f', '-'], webhook);
    // As the operator does it.
    const { authorityPem } = await makePrivatePair({ name: 'webhook', now: new Date() });
    const caBundle = Buffer.from(authorityPem).toString('base64');
    const webhooks = webhook.webhooks.map((each) => ({ name: each.name, clientConfig: { caBundle } }));
    await bed.client.patch(ValidatingWebhookConfiguration, { name }, { webhooks }, { type: 'strategic' });
    expect(await gitopsDiff(tool, bed.plane.kubeconfig, [webhook])).toEqual([{ changed: false }]);
  },
);

test('kstatus waits until an addon is Ready for its spec, and until it is gone', async () => {
  const namespace = await bed.namespace('waited-for');
  const at = { namespace, name: NAME };
  await bed.client.create(Deployment, appOf(namespace));
  const look = async () => (await kstatus([await bed.get(namespace, NAME)]))[0]?.status;
  await bed.addon(namespace, NAME, { apps: [{ name: 'web', env: 'Inject' }] });
  expect(await look()).toBe('InProgress');
  const operator = await bed.startOperator();
  await bed.ready(namespace, NAME);
  await atRest(bed, namespace, NAME);
  expect(await look()).toBe('Current');
  await operator.stop();
  await bed.client.patch(InfluxAddon, at, { spec: { plan: '1g' } }, { type: 'merge' });
  expect(await look()).toBe('InProgress');
  await bed.client.delete(InfluxAddon, at);
  expect(await look()).toBe('Terminating');
  await bed.startOperator();
  await eventually('gone', async () => (await bed.client.get(InfluxAddon, at)) === undefined);
});
