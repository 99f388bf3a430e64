import type { Settings } from '../../../src/addon/world/settings.ts';
import type { InfluxTransport } from '../../../src/influx/transport.ts';
import type { Clock } from '../../../src/kube/clock.ts';
import type { Logger } from '../../../src/kube/log.ts';
import type { Transport } from '../../../src/kube/api/transport.ts';
import type { Product } from '../product.ts';

export interface InstanceOptions {
  readonly product: Product;
  readonly transport: Transport;
  readonly influx: InfluxTransport;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told when a run of a key has ended. */
  readonly onRun: () => void;
}

/** An operator process, but for the process. */
export interface Instance {
  /** How many keys wait to be worked on. */
  waiting(): number;
  /** Ends it as SIGKILL does: what it still wanted to do is not done. */
  kill(): Promise<void>;
}

export function startInstance(options: InstanceOptions): Instance {
  const { product, transport, influx, settings, clock, log } = options;
  const client = new product.KubeClient(transport, { fieldManager: 'influxaddon-operator' });
  const events = new product.EventRecorder({
    client,
    reportingController: 'influxaddon.dev/operator',
    reportingInstance: 'chaos',
    clock,
    log,
  });
  const operator = new product.AddonOperator({
    client,
    influx,
    events,
    settings,
    clock,
    log,
    workers: 4,
    onRun: options.onRun,
  });
  const soft = new AbortController();
  const hard = new AbortController();
  const ended = Promise.all([operator.watch(soft.signal), operator.work(soft.signal, hard.signal)]);
  return {
    waiting: () => operator.waiting,
    async kill() {
      hard.abort(new Error('killed'));
      soft.abort();
      await ended;
      await events.flush();
    },
  };
}
