import { setTimeout as delay } from 'node:timers/promises';
import { clusterRules, namespaceRules, webhookRules } from '../../build/rbac.ts';
import { plans, versions } from '../../src/api/catalogue.ts';
import { crdOf } from '../../src/api/crd.ts';
import {
  influxAddonKind,
  type InfluxAddon as Addon,
  type InfluxAddonSpec,
} from '../../src/api/influx-addon.ts';
import { influxPlanKind } from '../../src/api/influx-plan.ts';
import { influxVersionKind } from '../../src/api/influx-version.ts';
import { InfluxAddon, InfluxPlan, InfluxVersion } from '../../src/api/kinds.ts';
import { HttpInfluxTransport, type InfluxTransport } from '../../src/influx/transport.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { loadKubeconfig } from '../../src/kube/credentials.ts';
import { EventRecorder } from '../../src/kube/event-recorder.ts';
import { HttpTransport } from '../../src/kube/http-transport.ts';
import { Namespace, type Kind } from '../../src/kube/kinds.ts';
import { silentLogger, type Logger } from '../../src/kube/log.ts';
import type { Transport } from '../../src/kube/transport.ts';
import type { KubeObject, Live } from '../../src/kube/types.ts';
import type { Settings } from '../../src/addon/resources/context.ts';
import { AddonOperator } from '../../src/operator/addons.ts';
import { OPERATOR_POD_LABELS } from '../../src/operator/run.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from '../cluster/control-plane.ts';
import { type FakeKubelet, startFakeKubelet } from '../cluster/fakes/fake-kubelet.ts';

/** The user whose requests the audit log counts. */
export const OPERATOR_USER = 'operator';
export const OPERATOR_NAMESPACE = 'influxaddon-system';
export const WEBHOOK_NAME = 'influxaddon-operator-webhook';

export interface RunningOperator {
  readonly operator: AddonOperator;
  /** Ends it; what it was doing is finished first. */
  stop(): Promise<void>;
  /** Ends it as a crash does: nothing that it still wanted to do is done. */
  kill(): Promise<void>;
}

export interface OperatorOptions {
  readonly wrap?: (transport: Transport) => Transport;
  readonly wrapInflux?: (transport: InfluxTransport) => InfluxTransport;
  readonly log?: Logger;
  readonly workers?: number;
  readonly settings?: Partial<Settings>;
}

/** A real control plane with our definitions, catalogue and rights, and a fake node under it. */
export interface OperatorBed extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly kubelet: FakeKubelet;
  /** As cluster administrator. */
  readonly client: KubeClient;
  startOperator(options?: OperatorOptions): Promise<RunningOperator>;
  namespace(name: string): Promise<string>;
  addon(namespace: string, name: string, spec?: Partial<InfluxAddonSpec>): Promise<Live<Addon>>;
  get(namespace: string, name: string): Promise<Live<Addon>>;
  /** Waits until the addon is as described; the error says how it is instead. */
  until(
    namespace: string,
    name: string,
    what: string,
    is: (addon: Live<Addon>) => boolean,
    timeoutMs?: number,
  ): Promise<Live<Addon>>;
  ready(namespace: string, name: string, timeoutMs?: number): Promise<Live<Addon>>;
}

/** A control plane with our definitions, the catalogue, and the operator's rights as they are shipped. */
export async function prepareControlPlane(
  options: ControlPlaneOptions = {},
): Promise<{ plane: ControlPlane; client: KubeClient; close: () => Promise<void> }> {
  const crds = [influxAddonKind, influxPlanKind, influxVersionKind].map(crdOf);
  const plane = await startControlPlane({ crds, ...options });
  const transport = await transportFor(plane.kubeconfig);
  const client = new KubeClient(transport, { fieldManager: 'test' });
  await allow(client);
  for (const plan of plans) await client.create(InfluxPlan, plan);
  for (const version of versions) await client.create(InfluxVersion, version);
  const close = async () => {
    await transport.close();
    await plane.stop();
  };
  return { plane, client, close };
}

export async function startOperatorBed(options: ControlPlaneOptions = {}): Promise<OperatorBed> {
  const { plane, client, close } = await prepareControlPlane(options);
  const kubelet = await startFakeKubelet({ kubeconfig: plane.kubeconfig });
  const running = new Set<RunningOperator>();

  const bed: OperatorBed = {
    plane,
    kubelet,
    client,
    async startOperator(operatorOptions = {}) {
      const started = await startOperator(await plane.userKubeconfig(OPERATOR_USER), operatorOptions);
      running.add(started);
      return started;
    },
    async namespace(name) {
      await client.create(Namespace, { metadata: { name } });
      return name;
    },
    async addon(namespace, name, spec = {}) {
      return await client.create(InfluxAddon, {
        metadata: { namespace, name },
        spec: { plan: '512m', ...spec },
      });
    },
    async get(namespace, name) {
      const addon = await client.get(InfluxAddon, { namespace, name });
      if (addon === undefined) throw new Error(`InfluxAddon ${namespace}/${name} does not exist`);
      return addon;
    },
    async until(namespace, name, what, is, timeoutMs = 30_000) {
      const end = performance.now() + timeoutMs;
      for (;;) {
        const addon = await bed.get(namespace, name);
        if (is(addon)) return addon;
        if (performance.now() > end)
          throw new Error(
            `${namespace}/${name} is not ${what} after ${timeoutMs} ms: ${JSON.stringify(addon.status, null, 1)}`,
          );
        await delay(30);
      }
    },
    ready: (namespace, name, timeoutMs) =>
      bed.until(namespace, name, 'ready', (addon) => isReady(addon), timeoutMs),
    async [Symbol.asyncDispose]() {
      await Promise.all([...running].map((each) => each.stop()));
      await kubelet.stop();
      await close();
    },
  };
  return bed;
}

export function condition(addon: Live<Addon>, type: string) {
  return addon.status?.conditions?.find((each) => each.type === type);
}

export function isReady(addon: Live<Addon>): boolean {
  return (
    condition(addon, 'Ready')?.status === 'True' &&
    addon.status?.observedGeneration === addon.metadata.generation
  );
}

async function startOperator(kubeconfig: string, options: OperatorOptions): Promise<RunningOperator> {
  const http = await transportFor(kubeconfig);
  const transport = options.wrap?.(http) ?? http;
  const plainInflux = new HttpInfluxTransport();
  const client = new KubeClient(transport, { fieldManager: 'influxaddon-operator' });
  const log = options.log ?? silentLogger;
  const events = new EventRecorder({
    client,
    reportingController: 'influxaddon.dev/operator',
    reportingInstance: 'test',
    clock: systemClock,
    log,
  });
  const operator = new AddonOperator({
    client,
    influx: options.wrapInflux?.(plainInflux) ?? plainInflux,
    events,
    workers: options.workers ?? 16,
    log,
    settings: {
      clusterDomain: 'cluster.local',
      operatorNamespace: OPERATOR_NAMESPACE,
      operatorPodLabels: OPERATOR_POD_LABELS,
      restarts: { atOnce: 5, deadlineMs: 300_000 },
      ...options.settings,
    },
  });
  const soft = new AbortController();
  const hard = new AbortController();
  const watching = operator.watch(soft.signal);
  const working = operator.work(soft.signal, hard.signal);
  const end = async () => {
    soft.abort();
    await working;
    await watching;
    await events.flush();
    await http.close();
    await plainInflux.close();
  };
  return {
    operator,
    stop: end,
    kill: async () => {
      hard.abort(new Error('killed'));
      await end();
    },
  };
}

export async function transportFor(kubeconfig: string): Promise<HttpTransport> {
  return new HttpTransport({ credentials: await loadKubeconfig(kubeconfig), userAgent: 'test' });
}

/** Exactly the rights that are shipped: a missing one shows as a 403. */
async function allow(client: KubeClient): Promise<void> {
  const group = 'rbac.authorization.k8s.io';
  const kind = (plural: string, name: string, namespaced: boolean): Kind<KubeObject> => ({
    group,
    version: 'v1',
    plural,
    kind: name,
    namespaced,
  });
  const subjects = [{ kind: 'User', name: OPERATOR_USER, apiGroup: group }];
  const object = (body: object) => body as KubeObject;
  await client.create(Namespace, { metadata: { name: OPERATOR_NAMESPACE } });
  await client.create(
    kind('clusterroles', 'ClusterRole', false),
    object({ metadata: { name: 'operator' }, rules: [...clusterRules, ...webhookRules(WEBHOOK_NAME)] }),
  );
  const roleRef = { apiGroup: group, kind: 'ClusterRole', name: 'operator' };
  await client.create(
    kind('clusterrolebindings', 'ClusterRoleBinding', false),
    object({ metadata: { name: 'operator' }, roleRef, subjects }),
  );
  const metadata = { name: 'operator', namespace: OPERATOR_NAMESPACE };
  await client.create(kind('roles', 'Role', true), object({ metadata, rules: namespaceRules }));
  const localRef = { apiGroup: group, kind: 'Role', name: 'operator' };
  await client.create(
    kind('rolebindings', 'RoleBinding', true),
    object({ metadata, roleRef: localRef, subjects }),
  );
}
