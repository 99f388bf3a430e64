import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '../../src/addon/resources/context.ts';
import { sourcesOf } from '../../src/addon/stores.ts';
import { HttpInfluxTransport, type InfluxTransport } from '../../src/influx/transport.ts';
import { KubeClient } from '../../src/kube/client.ts';
import type { Clock } from '../../src/kube/clock.ts';
import { loadKubeconfig } from '../../src/kube/credentials.ts';
import { EventRecorder } from '../../src/kube/event-recorder.ts';
import { HttpTransport } from '../../src/kube/http-transport.ts';
import { silentLogger, type Logger } from '../../src/kube/log.ts';
import type { Transport } from '../../src/kube/transport.ts';
import { AddonOperator } from '../../src/operator/addons.ts';
import { OPERATOR_POD_LABELS } from '../../src/operator/run.ts';
import { scoped } from './scoped.ts';

export const OPERATOR_NAMESPACE = 'influxaddon-system';

/** With what the operators of tests run, unless a test says otherwise. */
export const TEST_SETTINGS: Settings = {
  clusterDomain: 'cluster.local',
  operatorNamespace: OPERATOR_NAMESPACE,
  operatorPodLabels: OPERATOR_POD_LABELS,
  restarts: { atOnce: 5, deadlineMs: 300_000 },
};

export interface RunningOperator {
  readonly operator: AddonOperator;
  /** The one namespace that it sees, if it does not see all. */
  readonly only?: string;
  /** Resolves when its queue is empty and nothing is being worked on. */
  readonly idle: () => Promise<void>;
  /** Ends it; what it was doing is finished first. Once more is fine. */
  readonly stop: () => Promise<void>;
  /** Ends it as a crash does: nothing that it still wanted to do is done. */
  readonly kill: () => Promise<void>;
}

export interface OperatorOptions {
  readonly wrap?: (transport: Transport) => Transport;
  readonly wrapInflux?: (transport: InfluxTransport) => InfluxTransport;
  readonly log?: Logger;
  readonly workers?: number;
  readonly settings?: Partial<Settings>;
  /** Shows it this namespace alone: such operators run side by side. */
  readonly only?: string;
  /** Default: that of the bed. For one whose time is stepped while others work. */
  readonly clock?: Clock;
}

/** The operator in this process, as the real process runs it. */
export async function runOperator(
  kubeconfig: string,
  clock: Clock,
  options: OperatorOptions,
): Promise<RunningOperator> {
  const http = await transportFor(kubeconfig);
  const { only } = options;
  const seen = only === undefined ? http : scoped(http, only);
  const transport = options.wrap?.(seen) ?? seen;
  const plainInflux = new HttpInfluxTransport();
  const client = new KubeClient(transport, { fieldManager: 'influxaddon-operator' });
  const log = options.log ?? silentLogger;
  const events = new EventRecorder({
    client,
    reportingController: 'influxaddon.dev/operator',
    reportingInstance: 'test',
    clock,
    log,
  });
  const operator = new AddonOperator({
    client,
    influx: options.wrapInflux?.(plainInflux) ?? plainInflux,
    events,
    workers: options.workers ?? 16,
    log,
    clock,
    settings: { ...TEST_SETTINGS, ...options.settings },
  });
  const soft = new AbortController();
  const hard = new AbortController();
  const watching = operator.watch(soft.signal);
  const working = operator.work(soft.signal, hard.signal);
  let ended: Promise<void> | undefined;
  const end = (): Promise<void> =>
    (ended ??= (async () => {
      soft.abort();
      await working;
      await watching;
      await events.flush();
      await http.close();
      await plainInflux.close();
    })());
  return {
    operator,
    ...(only === undefined ? {} : { only }),
    idle: async () => {
      await Promise.all(sourcesOf(operator.stores).map(({ store }) => store.synced));
      while (operator.queue.length + operator.queue.working > 0) await delay(5);
    },
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
