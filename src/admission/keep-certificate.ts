import { ApiError } from '../kube/api/api-error.ts';
import type { KubeClient } from '../kube/api/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { ReconcileResult } from '../kube/control/controller.ts';
import { Secret, ValidatingWebhookConfiguration } from '../kube/objects/kinds.ts';
import type { Logger } from '../kube/log.ts';
import type { Store } from '../kube/store/store.ts';
import type { Live } from '../kube/objects/types.ts';
import type { ServerNames } from '../tls/names.ts';
import {
  certificateStep,
  type CertificateStep,
  type ServedPair,
  type StoredCertificate,
} from './certificate.ts';
import { bundleOf, makeCertificate, readSecret, WEBHOOK_SECRET, writeSecret } from './certificate-secret.ts';

export interface CertificateKeeper {
  /** Not fenced: every replica answers reviews, so every replica may make what is needed for it. */
  readonly client: KubeClient;
  /** The operator's own, where the Secret is. */
  readonly namespace: string;
  /** Name of the ValidatingWebhookConfiguration. */
  readonly configuration: string;
  readonly names: ServerNames;
  readonly secrets: Store<Secret>;
  readonly configurations: Store<ValidatingWebhookConfiguration>;
  /** Told what is to be shown, again and again. */
  readonly show: (pair: ServedPair) => Promise<void>;
  readonly overlapMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Brings certificate and configuration where they have to be, from the caches; several replicas may do so at once:
 * of two writers one gets a conflict, and takes what the other made.
 */
export async function keepCertificate(
  keeper: CertificateKeeper,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const { namespace, configuration, names, secrets, configurations, overlapMs, clock, log } = keeper;
  const present = secrets.get(`${namespace}/${WEBHOOK_SECRET}`);
  const stored = readSecret(present);
  const target = configurations.get(configuration);
  const announced = stored !== undefined && (target === undefined || isAnnounced(target, stored.ca));
  const now = new Date(clock.now());
  const step = certificateStep(stored, names, { announced, overlapMs, seed: namespace }, now);
  if (step.do !== 'nothing') {
    const wanted = await next(step, stored, names, now);
    log.info({ step: step.do }, 'renewing the certificate of the webhook');
    return await store(keeper, wanted, present, signal);
  }
  if (stored === undefined) return {};
  await keeper.show(stored);
  if (target !== undefined && !announced) await announce(keeper, target, stored.ca, signal);
  const waitMs = Math.max(step.until.getTime() - now.getTime(), 1_000);
  return { requeueAfterMs: Math.min(waitMs, LONGEST_WAIT_MS) };
}

/** A timer may not be longer than 24 days; a clock that is set meanwhile is noticed in time. */
const LONGEST_WAIT_MS = 6 * 60 * 60 * 1000;
/** Until the cache has what another replica stored. */
const LOST_RACE_MS = 200;

async function next(
  step: Exclude<CertificateStep, { do: 'nothing' }>,
  stored: StoredCertificate | undefined,
  names: ServerNames,
  now: Date,
): Promise<StoredCertificate> {
  if (step.do === 'promote' && stored?.next !== undefined) {
    const { cert, key } = stored.next;
    return { cert, key, ca: stored.ca, next: undefined };
  }
  const made = await makeCertificate(names, now);
  const ca = bundleOf(made.ca, stored?.ca);
  if (step.do !== 'makeNext' || stored === undefined) return { ...made, ca, next: undefined };
  return { cert: stored.cert, key: stored.key, ca, next: { cert: made.cert, key: made.key, since: now } };
}

async function store(
  { client, namespace, secrets }: CertificateKeeper,
  wanted: StoredCertificate,
  present: Live<Secret> | undefined,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const secret = writeSecret(namespace, wanted, present);
  try {
    const live =
      present === undefined
        ? await client.create(Secret, secret, signal)
        : await client.replace(Secret, secret, signal);
    secrets.recordWrite(live);
    return { requeueAfterMs: 0 };
  } catch (reason) {
    const error = ApiError.from(reason);
    // Taken by another replica, or gone meanwhile: the watch tells.
    if (error.isAlreadyExists || error.isConflict || error.isNotFound)
      return { requeueAfterMs: LOST_RACE_MS };
    throw error;
  }
}

/** Whether every webhook of the configuration trusts exactly this bundle. */
function isAnnounced({ webhooks = [] }: ValidatingWebhookConfiguration, ca: string): boolean {
  return webhooks.every(({ clientConfig }) => clientConfig.caBundle === encoded(ca));
}

/** Only the bundle: everything else of the configuration is the installation's. */
async function announce(
  { client, configuration, configurations }: CertificateKeeper,
  { webhooks = [] }: ValidatingWebhookConfiguration,
  ca: string,
  signal: AbortSignal,
): Promise<void> {
  const body = { webhooks: webhooks.map(({ name }) => ({ name, clientConfig: { caBundle: encoded(ca) } })) };
  try {
    const live = await client.patch(
      ValidatingWebhookConfiguration,
      { name: configuration },
      body,
      { type: 'strategic' },
      signal,
    );
    configurations.recordWrite(live);
  } catch (reason) {
    const error = ApiError.from(reason);
    if (!error.isNotFound) throw error;
  }
}

function encoded(pem: string): string {
  return Buffer.from(pem, 'utf8').toString('base64');
}
