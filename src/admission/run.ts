import { observe } from '../addon/observe/observe.ts';
import type { Settings } from '../addon/world/settings.ts';
import type { Stores } from '../addon/observe/stores.ts';
import { NO_MEMORY } from '../addon/world/memory.ts';
import type { KubeClient } from '../kube/api/client.ts';
import { systemClock, type Clock } from '../kube/clock.ts';
import { Controller } from '../kube/control/controller.ts';
import { Secret, ValidatingWebhookConfiguration } from '../kube/objects/kinds.ts';
import type { Logger } from '../kube/log.ts';
import { Reflector } from '../kube/store/reflector.ts';
import { Store } from '../kube/store/store.ts';
import { WorkQueue } from '../kube/control/work-queue.ts';
import { serviceNames } from '../tls/names.ts';
import { admissionApp } from './app.ts';
import { FreshCatalogue } from './catalogue.ts';
import { OVERLAP_MS, type ServedPair } from './certificate.ts';
import { WEBHOOK_SECRET } from './certificate-secret.ts';
import { judge } from './judge.ts';
import { type Verdict } from './verdict.ts';
import { keepCertificate } from './keep-certificate.ts';
import { showForeign } from './foreign-certificate.ts';
import type { Review } from './review.ts';
import { listenTls, type WebhookServer } from './server.ts';

export interface WebhookOptions {
  /** Not fenced by the Lease. */
  readonly client: KubeClient;
  /** The caches of the operator, filled by whoever keeps them. */
  readonly stores: Stores;
  readonly ready: () => boolean;
  readonly settings: Settings;
  /** Of the Service that leads here and of the ValidatingWebhookConfiguration, which is the installation's. */
  readonly name: string;
  /** The Secret with the certificate that somebody else renews, and announces; default: the operator does both. */
  readonly secret?: string | undefined;
  /** 0 draws a free one: for tests. */
  readonly port: number;
  readonly overlapMs?: number;
  /** After so many reviews a connection is closed. Default 1,000. */
  readonly requestsPerConnection?: number;
  readonly clock?: Clock;
  readonly log: Logger;
  /** Told once it listens. */
  readonly onListening?: (port: number) => void;
}

/**
 * The admission webhook, from its certificate to its answers, on every replica. Listens as soon as there is a
 * certificate to show; ends when aborted. Never rejects: without a webhook the reconciler refuses the same.
 */
export async function runWebhook(options: WebhookOptions, signal: AbortSignal): Promise<void> {
  const { client, settings, name, clock = systemClock, log } = options;
  const namespace = settings.operatorNamespace;
  const secrets = new Store<Secret>();
  const configurations = new Store<ValidatingWebhookConfiguration>();
  const queue = new WorkQueue({ clock });
  for (const store of [secrets, configurations]) store.onChange(() => queue.add(CERTIFICATE));

  const app = admissionApp({ decide: deciding(options), ready: options.ready, log });
  let server: WebhookServer | undefined;
  let shown: string | undefined;
  const show = async (pair: ServedPair): Promise<void> => {
    if (server === undefined) {
      server = await listenTls(app, options.port, pair, options.requestsPerConnection);
      log.info({ port: server.port }, 'webhook listening');
      options.onListening?.(server.port);
    } else if (shown !== pair.cert) {
      server.show(pair);
    }
    shown = pair.cert;
  };
  const keeper = {
    client,
    namespace,
    configuration: name,
    names: serviceNames(name, namespace, settings.clusterDomain),
    secrets,
    configurations,
    show,
    overlapMs: options.overlapMs ?? OVERLAP_MS,
    clock,
    log,
  };
  const controller = new Controller({
    name: 'webhook',
    queue,
    workers: 1,
    clock,
    log,
    reconcile: async (_, runSignal) =>
      options.secret === undefined
        ? await keepCertificate(keeper, runSignal)
        : await showForeign(secrets.get(`${namespace}/${options.secret}`), show, log),
  });
  const watching = [
    new Reflector({
      client,
      kind: Secret,
      store: secrets,
      namespace,
      clock,
      log,
      ...only(options.secret ?? WEBHOOK_SECRET),
    }).run(signal),
  ];
  const told = [secrets.synced];
  // Somebody else's certificate is announced by them: no right on the configuration is asked for then, nor given.
  if (options.secret === undefined) {
    const reflector = new Reflector({
      client,
      kind: ValidatingWebhookConfiguration,
      store: configurations,
      clock,
      log,
      ...only(name),
    });
    watching.push(reflector.run(signal));
    told.push(configurations.synced);
  }
  const synced = Promise.all(told).then(() => queue.add(CERTIFICATE));
  await Promise.race([synced, aborted(signal)]);
  if (!signal.aborted) await controller.run(signal);
  await Promise.all(watching);
  await server?.close();
}

/** The one key of the queue. */
const CERTIFICATE = 'certificate';

function deciding({ client, stores, settings }: WebhookOptions): (review: Review) => Promise<Verdict> {
  const catalogue = new FreshCatalogue(client);
  return async (review) => {
    const verdict = judge(review, (addon) => observe(stores, addon, NO_MEMORY, settings));
    if (verdict.refusal === undefined) return verdict;
    const now = { ...stores, ...(await catalogue.get()) };
    return judge(review, (addon) => observe(now, addon, NO_MEMORY, settings));
  };
}

/** Rights on this one object are enough. */
function only(name: string): { fieldSelector: string } {
  return { fieldSelector: `metadata.name=${name}` };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
