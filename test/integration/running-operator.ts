import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '../../src/addon/world/settings.ts';
import { HttpInfluxTransport, type InfluxTransport } from '../../src/influx/transport.ts';
import { KubeClient } from '../../src/kube/api/client.ts';
import type { Clock } from '../../src/kube/clock.ts';
import { loadKubeconfig } from '../../src/kube/api/credentials.ts';
import { EventRecorder } from '../../src/kube/event-recorder.ts';
import { HttpTransport } from '../../src/kube/api/http-transport.ts';
import { silentLogger, type Logger } from '../../src/kube/log.ts';
import type { Transport } from '../../src/kube/api/transport.ts';
import { AddonOperator } from '../../src/operator/addons.ts';
import { OPERATOR_POD_LABELS } from '../../src/operator/run.ts';
import { OPERATOR_AGENT } from '../requests.ts';
import { scoped } from './scoped.ts';

export const OPERATOR_NAMESPACE = 'influxaddon-system';
/** The user whose requests the audit log counts. */
export const OPERATOR_USER = `system:serviceaccount:${OPERATOR_NAMESPACE}:influxaddon-operator`;

/** What a process is told of its rights, as the manifests do. */
export const TENANCY_FLAGS = [
  '--tenant-role=influxaddon-operator-tenant',
  '--service-account=influxaddon-operator',
] as const;

/** With what the operators of tests run, unless a test says otherwise. */
export const TEST_SETTINGS: Settings = {
  clusterDomain: 'cluster.local',
  operatorNamespace: OPERATOR_NAMESPACE,
  operatorPodLabels: OPERATOR_POD_LABELS,
  restarts: { atOnce: 5, deadlineMs: 300_000 },
  // Tests that count questions to the database do not want these among them.
  measureEveryMs: 86_400_000,
  backups: { image: 'influxaddon-operator:test', atOnce: 10 },
  tenancy: { role: 'influxaddon-operator-tenant', username: OPERATOR_USER },
};

export interface RunningOperator {
  readonly operator: AddonOperator;
  /** The one namespace that it sees, if it does not see all. */
  readonly only?: string;
  /** Resolves when its queues are empty and nothing is being worked on, or when somebody else has ended it. */
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
  /** As whom; default: the user that has the rights of the manifests. */
  readonly user?: string;
  readonly watchNamespace?: string;
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
  const http = await transportFor(kubeconfig, OPERATOR_AGENT);
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
    watchNamespace: options.watchNamespace,
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
      const isIdle = () => operator.hasSynced && operator.waiting + operator.working === 0;
      while (!soft.signal.aborted && !isIdle()) await delay(5);
    },
    stop: end,
    kill: async () => {
      hard.abort(new Error('killed'));
      await end();
    },
  };
}

export async function transportFor(kubeconfig: string, userAgent = 'test'): Promise<HttpTransport> {
  return new HttpTransport({ credentials: await loadKubeconfig(kubeconfig), userAgent });
}
