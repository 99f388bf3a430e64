import type { Config } from '../config.ts';
import { MANAGED_BY } from '../addon/names.ts';
import type { Settings } from '../addon/resources/context.ts';
import { runWebhook } from '../admission/run.ts';
import { HttpInfluxTransport } from '../influx/transport.ts';
import { KubeClient } from '../kube/client.ts';
import { loadInCluster, loadKubeconfig, type Credentials } from '../kube/credentials.ts';
import { EventRecorder } from '../kube/event-recorder.ts';
import { FencedTransport } from '../kube/fenced-transport.ts';
import { HttpTransport, type RequestDone } from '../kube/http-transport.ts';
import { LeaderElection } from '../kube/leader-election.ts';
import type { Logger } from '../kube/log.ts';
import { systemClock } from '../kube/clock.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { healthApp, listen, metricsApp, missingOf } from '../telemetry/server.ts';
import { VERSION } from '../version.ts';
import { AddonOperator } from './addons.ts';

const LEASE = 'influxaddon-operator';

/** The labels of the operator's own pods, by which network policies let it in. */
export const OPERATOR_POD_LABELS = { 'app.kubernetes.io/name': 'influxaddon-operator' } as const;

/**
 * The operator process: caches at once, work while holding the Lease. Resolves after `stop` was aborted and running
 * work has ended; rejects when the Lease was lost, since then nothing here may write any more.
 */
export async function runOperator(config: Config, log: Logger, stop: AbortSignal): Promise<void> {
  const metrics = new Metrics();
  const credentials =
    config.kubeconfig === undefined ? await loadInCluster() : await loadKubeconfig(config.kubeconfig);
  const onRequest = ({ method, resource, code }: RequestDone) =>
    metrics.apiRequests.inc({ method, resource, code: String(code) });
  const transport = transportOf(credentials, onRequest);
  const leaseTransport = transportOf(credentials, onRequest);
  const election: { current?: LeaderElection } = {};
  const mayWrite = (): boolean => !config['leader-elect'] || (election.current?.isLeader ?? false);
  const client = new KubeClient(new FencedTransport(transport, mayWrite), { fieldManager: MANAGED_BY });
  const influx = new HttpInfluxTransport();
  const namespace = config['pod-namespace'] ?? credentials.namespace;
  // Not fenced: what happened is still told when the Lease has been released, and every replica answers reviews.
  const unfenced = new KubeClient(transport, { fieldManager: MANAGED_BY });
  const settings: Settings = {
    clusterDomain: config['cluster-domain'],
    operatorNamespace: namespace,
    operatorPodLabels: OPERATOR_POD_LABELS,
    restarts: {
      atOnce: config['restart-at-once'],
      deadlineMs: config['restart-deadline-seconds'] * 1000,
    },
    maintenance: {
      maxAtOnce: config['maintenance-at-once'],
      maxFailures: config['maintenance-max-failures'],
      freeze: config['maintenance-freeze'],
    },
  };
  const events = new EventRecorder({
    client: unfenced,
    reportingController: `influxaddon.dev/${MANAGED_BY}`,
    reportingInstance: config['pod-name'],
    clock: systemClock,
    log,
  });
  const heard = { at: systemClock.monotonic() };
  const operator = new AddonOperator({
    client,
    influx,
    events,
    workers: config.workers,
    log,
    settings,
    onRun: ({ name, outcome, ms }) => {
      metrics.reconciles.inc({ controller: name, outcome });
      metrics.reconcileSeconds.observe({ controller: name }, ms / 1000);
    },
    reflectorMetrics: {
      listed: (resource) => metrics.relists.inc({ resource }),
      heard: () => void (heard.at = systemClock.monotonic()),
      ended: () => {},
    },
  });
  metrics.observe({
    queueLength: () => operator.queue.length,
    addonsByStatus: () => countByStatus(operator),
    watchAgeSeconds: () => (systemClock.monotonic() - heard.at) / 1000,
  });

  let webhookListens = config['webhook-port'] === 0;
  const servers: { close: () => Promise<void> }[] = [];
  if (config['health-port'] !== 0) {
    servers.push(
      await listen(
        healthApp({
          alive: () => true,
          missing: () => missingOf({ synced: operator.hasSynced, webhookListens, stopping: stop.aborted }),
        }),
        config['health-port'],
      ),
    );
  }
  if (config['metrics-port'] !== 0)
    servers.push(
      await listen(
        metricsApp(() => metrics.registry.metrics()),
        config['metrics-port'],
      ),
    );

  const watching = new AbortController();
  const watches = [operator.watch(watching.signal)];
  if (config['webhook-port'] !== 0) {
    const webhook = {
      client: unfenced,
      stores: operator.stores,
      ready: () => operator.hasSynced,
      settings,
      name: config['webhook-name'],
      port: config['webhook-port'],
      log,
      onListening: () => void (webhookListens = true),
    };
    watches.push(runWebhook(webhook, watching.signal));
  }
  log.info({ server: credentials.server, namespace, version: VERSION }, 'operator started');
  try {
    if (!config['leader-elect']) {
      await operator.work(stop);
      return;
    }
    const leaseMs = Math.ceil(config['lease-seconds']) * 1000;
    const lease = new LeaderElection({
      client: new KubeClient(leaseTransport, { fieldManager: MANAGED_BY }),
      namespace,
      name: LEASE,
      identity: config['pod-name'],
      leaseMs,
      renewDeadlineMs: Math.floor((leaseMs * 2) / 3),
      retryMs: Math.floor((leaseMs * 2) / 15),
      log,
    });
    election.current = lease;
    await lease.run(stop, async (signal, lost) => {
      metrics.leader.set(1);
      await operator.work(signal, lost).finally(() => metrics.leader.set(0));
      lost.throwIfAborted();
    });
  } finally {
    watching.abort();
    await Promise.all(watches);
    await events.flush();
    await Promise.all(servers.map((server) => server.close()));
    await Promise.all([transport.close(), leaseTransport.close(), influx.close()]);
    log.info({}, 'operator stopped');
  }
}

function transportOf(credentials: Credentials, onRequest: (done: RequestDone) => void): HttpTransport {
  // As many as there are workers by default: each TLS connection costs memory, and the API server no time.
  return new HttpTransport({
    credentials,
    userAgent: `${MANAGED_BY}/${VERSION}`,
    onRequest,
    connections: 16,
  });
}

function countByStatus(operator: AddonOperator): Map<string, number> {
  const counts = new Map<string, number>();
  for (const addon of operator.stores.addons.list()) {
    const status = addon.status?.conditions?.find(({ type }) => type === 'Ready')?.reason ?? 'Unknown';
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return counts;
}
