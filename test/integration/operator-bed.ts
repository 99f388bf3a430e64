import { setTimeout as delay } from 'node:timers/promises';
import { plans, versions } from '../../src/api/catalogue.ts';
import { crdOf } from '../../src/api/crd/crd.ts';
import type { InfluxAddon as Addon, InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { customKinds, InfluxAddon, InfluxPlan, InfluxVersion } from '../../src/api/kinds.ts';
import { ApiError } from '../../src/kube/api/api-error.ts';
import { KubeClient } from '../../src/kube/api/client.ts';
import { Namespace } from '../../src/kube/objects/kinds.ts';
import type { Live } from '../../src/kube/objects/types.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from '../cluster/control-plane.ts';
import { type FakeKubelet, startFakeKubelet } from '../cluster/fakes/fake-kubelet.ts';
import { PATIENCE_MS } from '../patience.ts';
import { keepRequests } from '../requests.ts';
import { allow } from './rights.ts';
import {
  OPERATOR_USER,
  type OperatorOptions,
  runOperator,
  type RunningOperator,
  transportFor,
} from './running-operator.ts';
import { closedWindow } from './windows.ts';
import { SteppedClock } from '../cluster/stepped-clock.ts';

export { WEBHOOK_NAME } from './rights.ts';
export {
  OPERATOR_NAMESPACE,
  OPERATOR_USER,
  TENANCY_FLAGS,
  TEST_SETTINGS,
  type OperatorOptions,
  type RunningOperator,
  transportFor,
} from './running-operator.ts';

/** A real control plane with our definitions, catalogue and rights, and a fake node under it. */
export interface OperatorBed extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly kubelet: FakeKubelet;
  /** As cluster administrator. */
  readonly client: KubeClient;
  /** The time of the operators and of the fake node; the API server and its controllers have the machine's. */
  readonly clock: SteppedClock;
  readonly running: ReadonlySet<RunningOperator>;
  startOperator(options?: OperatorOptions): Promise<RunningOperator>;
  /** Ends those that run still, however a test ended. */
  stopOperators(): Promise<void>;
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
  /**
   * `verb resource[/subresource]` of the operators' writes to a namespace that the API server took, in their order;
   * without Events and dry runs. `since`: ms since the epoch, UTC.
   */
  writes(namespace: string, since: number): Promise<string[]>;
  /**
   * Lets the bed's time go on, a second at a time and each when all that is due by then is done, until `look` finds
   * something. At most `withinMs` are skipped: what the product promises in seconds is counted in these. Tests that
   * wait side by side go on together.
   */
  lapse<T>(what: string, withinMs: number, look: () => Promise<T | undefined | false>): Promise<T>;
}

/** A control plane with our definitions, the catalogue, and the operator's rights as they are shipped. */
export async function prepareControlPlane(
  options: ControlPlaneOptions = {},
): Promise<{ plane: ControlPlane; client: KubeClient; close: () => Promise<void> }> {
  const crds = customKinds.map(crdOf);
  const users = [OPERATOR_USER, ...(options.users ?? [])];
  const plane = await startControlPlane({ crds, ...options, users });
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
  const clock = new SteppedClock();
  const kubelet = await startFakeKubelet({ kubeconfig: plane.kubeconfig, clock });
  const running = new Set<RunningOperator>();
  const step = async (): Promise<void> => {
    await Promise.all([...running].map(({ idle }) => idle()));
    clock.skip(STEP_MS);
    // What that set off has to come back from the API server before it is known to be done.
    await delay(STEP_REAL_MS);
  };
  let stepping: Promise<void> | undefined;

  const bed: OperatorBed = {
    plane,
    kubelet,
    client,
    clock,
    running,
    async startOperator(operatorOptions = {}) {
      const kubeconfig = await plane.userKubeconfig(operatorOptions.user ?? OPERATOR_USER);
      const started = await runOperator(kubeconfig, operatorOptions.clock ?? clock, operatorOptions);
      const ending = (end: () => Promise<void>) => async (): Promise<void> => {
        running.delete(tracked);
        await end();
      };
      const tracked = { ...started, stop: ending(started.stop), kill: ending(started.kill) };
      running.add(tracked);
      return tracked;
    },
    async stopOperators() {
      await Promise.all([...running].map((each) => each.stop()));
    },
    async namespace(name) {
      await client.create(Namespace, { metadata: { name } });
      return name;
    },
    async addon(namespace, name, spec = {}) {
      return await client.create(InfluxAddon, {
        metadata: { namespace, name },
        spec: { plan: '512m', maintenanceWindow: closedWindow(), ...spec },
      });
    },
    async get(namespace, name) {
      const addon = await client.get(InfluxAddon, { namespace, name });
      if (addon === undefined) throw new Error(`InfluxAddon ${namespace}/${name} does not exist`);
      return addon;
    },
    async until(namespace, name, what, is, timeoutMs = PATIENCE_MS) {
      const end = performance.now() + timeoutMs;
      for (;;) {
        const addon = await patiently(() => bed.get(namespace, name));
        if (addon !== undefined && is(addon)) return addon;
        if (performance.now() > end) throw new Error(inVain(kubelet, what, timeoutMs, addon));
        await delay(30);
      }
    },
    ready: (namespace, name, timeoutMs) =>
      bed.until(namespace, name, 'ready', (addon) => isReady(addon), timeoutMs),
    async writes(namespace, since) {
      const entries = await plane.auditEntries({ user: OPERATOR_USER, since });
      return entries
        .filter((entry) => entry.namespace === namespace && entry.code < 300 && !entry.dryRun)
        .filter(({ verb, resource }) => !READS.has(verb) && resource !== 'events')
        .map(({ verb, resource, subresource }) =>
          [`${verb} ${resource}`, subresource].filter(Boolean).join('/'),
        );
    },
    async lapse(what, withinMs, look) {
      for (let passed = 0; ; passed += STEP_MS) {
        const found = await look();
        if (found !== undefined && found !== false) return found;
        if (passed >= withinMs) throw new Error(`${withinMs} ms of the bed's time passed without ${what}`);
        await (stepping ??= step().finally(() => (stepping = undefined)));
      }
    },
    async [Symbol.asyncDispose]() {
      await bed.stopOperators();
      if (options.auditLog !== false) await keepRequests(plane);
      await kubelet.stop();
      await close();
    },
  };
  return bed;
}

const READS = new Set(['get', 'list', 'watch']);
const STEP_MS = 1_000;
const STEP_REAL_MS = 60;

export function condition(addon: Live<Addon>, type: string) {
  return addon.status?.conditions?.find((each) => each.type === type);
}

export function isReady(addon: Live<Addon>): boolean {
  return (
    condition(addon, 'Ready')?.status === 'True' &&
    addon.status?.observedGeneration === addon.metadata.generation
  );
}

/** A wait does not end because the API server could not answer once. */
async function patiently<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (reason) {
    if (reason instanceof ApiError && reason.isTransient) return undefined;
    throw reason;
  }
}

function inVain(
  kubelet: FakeKubelet,
  what: string,
  timeoutMs: number,
  addon: Live<Addon> | undefined,
): string {
  const { namespace, name } = addon?.metadata ?? {};
  const failures =
    kubelet.failures.length === 0 ? '' : `; the fake node: ${kubelet.failures.slice(-3).join('; ')}`;
  return `${namespace}/${name} is not ${what} after ${timeoutMs} ms: ${JSON.stringify(addon?.status, null, 1)}${failures}`;
}
