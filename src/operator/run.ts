import { ConfigError, type Config } from '../config.ts';
import { MANAGED_BY } from '../addon/world/names.ts';
import type { Settings, Tenancy } from '../addon/world/settings.ts';
import { runWebhook } from '../admission/run.ts';
import { HttpInfluxTransport } from '../influx/transport.ts';
import { KubeClient } from '../kube/api/client.ts';
import { loadInCluster, loadKubeconfig, type Credentials } from '../kube/api/credentials.ts';
import { EventRecorder } from '../kube/event-recorder.ts';
import { FencedTransport } from '../kube/api/fenced-transport.ts';
import { HttpTransport, type RequestDone } from '../kube/api/http-transport.ts';
import type { Logger } from '../kube/log.ts';
import type { SoleLeader } from '../kube/lease/sole-leader.ts';
import { systemClock } from '../kube/clock.ts';
import { BACKUP_EVENT, RESTORE_EVENT } from '../backup-controllers/decision/reasons.ts';
import { observeBackupMetrics } from '../telemetry/backup-metrics.ts';
import { observeMaintenance } from '../telemetry/maintenance-metrics.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { healthApp, listen, metricsApp, missingOf } from '../telemetry/server.ts';
import { VERSION } from '../version.ts';
import { addonFigures } from './addon-figures.ts';
import { AddonOperator } from './addons.ts';
import { backupFigures } from './backup-figures.ts';
import { connectionsFor, LEAST_CONNECTIONS } from './connections.ts';
import { serveVisitors } from './dashboard.ts';
import { identityOf } from './identity.ts';
import { leadershipOf } from './leadership.ts';
import { Progress } from './progress.ts';

/** The labels of the operator's own pods, by which network policies let it in. */
export const OPERATOR_POD_LABELS = { 'app.kubernetes.io/name': 'influxaddon-operator' } as const;

/**
 * The operator process: caches at once, work while leading. Resolves after `stop` was aborted and running work has
 * ended; rejects when a Lease was lost, since then nothing here may write any more.
 */
export async function runOperator(config: Config, log: Logger, stop: AbortSignal): Promise<void> {
  const metrics = new Metrics();
  const identity = identityOf(config);
  const credentials =
    config.kubeconfig === undefined ? await loadInCluster() : await loadKubeconfig(config.kubeconfig);
  const onRequest = ({ method, resource, code }: RequestDone) =>
    metrics.apiRequests.inc({ method, resource, code: String(code) });
  const transport = transportOf(credentials, onRequest, connectionsFor(config.workers));
  const leaseTransport = transportOf(credentials, onRequest, LEAST_CONNECTIONS);
  const election: { current?: SoleLeader } = {};
  const mayWrite = (): boolean => !config['leader-elect'] || (election.current?.isLeader ?? false);
  const client = new KubeClient(new FencedTransport(transport, mayWrite), { fieldManager: MANAGED_BY });
  const influx = new HttpInfluxTransport({ maySend: mayWrite });
  const namespace = config['pod-namespace'] ?? credentials.namespace;
  // Not fenced: what happened is still told when the Lease has been released, and every replica answers reviews.
  const unfenced = new KubeClient(transport, { fieldManager: MANAGED_BY });
  const settings: Settings = {
    tenancy: tenancyOf(config, namespace),
    clusterDomain: config['cluster-domain'],
    operatorNamespace: namespace,
    operatorPodLabels: OPERATOR_POD_LABELS,
    restarts: {
      atOnce: config['restart-at-once'],
      deadlineMs: config['restart-deadline-seconds'] * 1000,
    },
    credentialOverlapMs: config['credential-overlap-seconds'] * 1000,
    measureEveryMs: config['measure-seconds'] * 1000,
    maintenance: {
      maxAtOnce: config['maintenance-at-once'],
      maxFailures: config['maintenance-max-failures'],
      freeze: config['maintenance-freeze'],
    },
    backups: {
      image: config['job-image'],
      agentImage: config['agent-image'] ?? config['job-image'],
      atOnce: config['backups-at-once'],
    },
  };
  const events = new EventRecorder({
    client: unfenced,
    reportingController: `influxaddon.dev/${MANAGED_BY}`,
    reportingInstance: identity,
    clock: systemClock,
    log,
  });
  const operator = new AddonOperator({
    client,
    influx,
    events,
    workers: config.workers,
    watchNamespace: config['watch-namespace'],
    log,
    settings,
    onRun: ({ name, outcome, ms }) => {
      progress.ran();
      metrics.reconciles.inc({ controller: name, outcome });
      metrics.reconcileSeconds.observe({ controller: name }, ms / 1000);
    },
    onBackupEvent: (reason) => metrics.backupEvents.inc({ reason }),
    reflectorMetrics: { listed: (resource) => metrics.relists.inc({ resource }) },
  });
  // Before the caches are filled nobody can work; that they are not is told by `/readyz`.
  const progress = new Progress(systemClock, () => (operator.hasSynced ? operator.waiting : 0));
  metrics.observe({
    queueLengths: () => operator.queueLengths,
    addonsByStatus: () => countByStatus(operator),
    addons: () => addonFigures(operator.stores, operator.memories),
    watchAgeSeconds: () => operator.watchAges.oldestMs / 1000,
  });
  // From the start, so that the first one is seen as an increase.
  for (const reason of [...Object.values(BACKUP_EVENT), ...Object.values(RESTORE_EVENT)])
    metrics.backupEvents.inc({ reason }, 0);
  observeMaintenance(metrics.registry, () => operator.maintenance());

  observeBackupMetrics(metrics.registry, () => backupFigures(operator.stores));

  let webhookListens = config['webhook-port'] === 0;
  const servers: { close: () => Promise<void> }[] = [];
  if (config['health-port'] !== 0) {
    servers.push(
      await listen(
        healthApp({
          // What is still in the queue when it stops is the next one's.
          alive: () => stop.aborted || progress.isMade,
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
  if (config['dashboard-port'] !== 0)
    servers.push(
      await serveVisitors({
        port: config['dashboard-port'],
        hosts: config['dashboard-hosts'].split(','),
        credentials,
        log,
        signal: watching.signal,
      }),
    );
  const watches = [operator.watch(watching.signal)];
  if (config['webhook-port'] !== 0) {
    const webhook = {
      client: unfenced,
      stores: operator.stores,
      ready: () => operator.hasSynced,
      settings,
      name: config['webhook-name'],
      secret: config['webhook-secret'],
      port: config['webhook-port'],
      log,
      onListening: () => void (webhookListens = true),
    };
    watches.push(runWebhook(webhook, watching.signal));
  }
  log.info({ server: credentials.server, namespace, version: VERSION }, 'operator started');
  try {
    if (!config['leader-elect']) {
      metrics.leader.set(1);
      await progress.while(() => operator.work(stop));
      return;
    }
    const leader = leadershipOf({
      client: new KubeClient(leaseTransport, { fieldManager: MANAGED_BY }),
      namespace,
      // A confined operator shuts out others of the same namespace only.
      lockNamespace: config['watch-namespace'] ?? config['lock-namespace'],
      installation: config.installation,
      identity,
      leaseMs: Math.ceil(config['lease-seconds']) * 1000,
      onWaiting: (because, holder) => metrics.waitsFor(because, holder),
      onWithoutLock: (without) => metrics.withoutLock.set(without ? 1 : 0),
      log,
    });
    election.current = leader;
    await leader.run(stop, async (signal, lost) => {
      log.info({ identity }, 'leading');
      metrics.leader.set(1);
      await progress.while(() => operator.work(signal, lost)).finally(() => metrics.leader.set(0));
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

function tenancyOf(config: Config, namespace: string): Tenancy | undefined {
  const { 'tenant-role': role, 'service-account': account } = config;
  if (role === undefined) return undefined;
  if (account === undefined)
    throw new ConfigError('--tenant-role needs --service-account: to whom the role is to be bound.');
  return { role, username: `system:serviceaccount:${namespace}:${account}` };
}

function transportOf(
  credentials: Credentials,
  onRequest: (done: RequestDone) => void,
  connections: number,
): HttpTransport {
  return new HttpTransport({
    credentials,
    userAgent: `${MANAGED_BY}/${VERSION}`,
    onRequest,
    connections,
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
