import { setTimeout as delay } from 'node:timers/promises';
import { plans, versions } from '../../../src/api/catalogue.ts';
import { InfluxPlan, InfluxVersion } from '../../../src/api/kinds.ts';
import { HttpInfluxTransport, type InfluxTransport } from '../../../src/influx/transport.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { PersistentVolumeClaim } from '../../../src/kube/objects/kinds.ts';
import type { Transport } from '../../../src/kube/api/transport.ts';
import type { ControlPlane } from '../../cluster/control-plane.ts';
import { FakeEngine } from '../../cluster/fakes/fake-engine.ts';
import { type FakeKubelet, startFakeKubelet } from '../../cluster/fakes/fake-kubelet.ts';
import { OPERATOR_USER, prepareControlPlane } from '../../integration/operator-bed.ts';
import type { Product } from '../product.ts';
import { EnginesByRun } from './engines-by-run.ts';
import { RealEngines } from './real-engines.ts';
import { Recorder } from './recorder.ts';
import { RunStores } from './stores.ts';
import { ALL, RUN_LABEL } from './scoped-transport.ts';

export interface Connections {
  readonly transport: Transport;
  readonly influx: InfluxTransport;
}

/** One control plane, one fake node and one recorder, shared by all runs: each has a namespace. */
export class Lab implements AsyncDisposable {
  readonly plane: ControlPlane;
  /** As cluster administrator. */
  readonly client: KubeClient;
  readonly recorder: Recorder;
  readonly kubelet: FakeKubelet;
  readonly stores: RunStores;
  /** The harness's own way to the engines. */
  readonly influx = new HttpInfluxTransport();
  /** Namespaces whose databases are real. */
  readonly real = new Set<string>();
  /** Promises that nobody caught, since they were last taken. */
  readonly #unhandled: unknown[] = [];
  readonly #close: () => Promise<void>;
  #kubeconfig: Promise<string> | undefined;
  readonly #connections = new Map<Product, Promise<Connections>>();
  readonly #onUnhandled = (reason: unknown): void => void this.#unhandled.push(reason);
  #count = 0;

  private constructor(
    control: Awaited<ReturnType<typeof prepareControlPlane>>,
    recorder: Recorder,
    kubelet: FakeKubelet,
  ) {
    this.plane = control.plane;
    this.client = control.client;
    this.#close = control.close;
    this.recorder = recorder;
    this.kubelet = kubelet;
    this.stores = new RunStores(recorder, kubelet);
    process.on('unhandledRejection', this.#onUnhandled);
  }

  static async start(): Promise<Lab> {
    const control = await prepareControlPlane({ auditLog: false });
    const { client } = control;
    const metadata = { labels: { [RUN_LABEL]: ALL } };
    for (const plan of plans)
      await client.patch(InfluxPlan, { name: plan.metadata?.name ?? '' }, { metadata }, { type: 'merge' });
    for (const version of versions)
      await client.patch(
        InfluxVersion,
        { name: version.metadata?.name ?? '' },
        { metadata },
        { type: 'merge' },
      );
    const recorder = new Recorder(client);
    await recorder.start();
    const engine = new FakeEngine();
    const held: { lab?: Lab } = {};
    const engines = new EnginesByRun(await RealEngines.create(), engine, async (key) => {
      const namespace = await namespaceOfClaim(recorder, key);
      return held.lab?.real.has(namespace) ?? false;
    });
    const kubelet = await startFakeKubelet({ kubeconfig: control.plane.kubeconfig, engine, engines });
    held.lab = new Lab(control, recorder, kubelet);
    return held.lab;
  }

  /** The connections of a product's operators, shared by all of them; as the user with the shipped rights. */
  async connections(product: Product): Promise<Connections> {
    const known = this.#connections.get(product) ?? this.#open(product);
    this.#connections.set(product, known);
    return await known;
  }

  number(): number {
    this.#count += 1;
    return this.#count;
  }

  takeUnhandled(): unknown[] {
    return this.#unhandled.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('unhandledRejection', this.#onUnhandled);
    await this.recorder.stop();
    for (const connections of this.#connections.values()) {
      const { transport, influx } = await connections;
      await Promise.all([transport.close(), influx.close()]);
    }
    await this.influx.close();
    await this.kubelet.stop();
    await this.#close();
  }

  async #open(product: Product): Promise<Connections> {
    // Written once: whoever reads it while it is written anew finds it empty.
    this.#kubeconfig ??= this.plane.userKubeconfig(OPERATOR_USER);
    const credentials = await product.loadKubeconfig(await this.#kubeconfig);
    return {
      transport: new product.HttpTransport({ credentials, userAgent: 'chaos', connections: 32 }),
      influx: new product.HttpInfluxTransport(),
    };
  }
}

/** The kubelet may be quicker than the recorder to hear of a claim. */
async function namespaceOfClaim(recorder: Recorder, uid: string): Promise<string> {
  for (let tries = 0; tries < 100; tries += 1) {
    const found = recorder.namespaceOf(PersistentVolumeClaim, uid);
    if (found !== undefined) return found;
    await delay(20);
  }
  return ''; // a pod without a claim has the fake
}
