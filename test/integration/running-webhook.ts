import { addonWebhook } from '../../build/operator-manifests.ts';
import { REVIEW_PATH } from '../../src/admission/app.ts';
import { runWebhook, type WebhookOptions } from '../../src/admission/run.ts';
import { KubeClient } from '../../src/kube/api/client.ts';
import { ValidatingWebhookConfiguration } from '../../src/kube/objects/kinds.ts';
import { silentLogger } from '../../src/kube/log.ts';
import type { Transport } from '../../src/kube/api/transport.ts';
import { OPERATOR_AGENT } from '../requests.ts';
import { OPERATOR_USER, type OperatorBed, transportFor, WEBHOOK_NAME } from './operator-bed.ts';
import { type RunningOperator, TEST_SETTINGS } from './running-operator.ts';

export interface RunningWebhook extends AsyncDisposable {
  readonly port: number;
  stop(): Promise<void>;
}

/** Lets through, or holds what comes until it does again. */
export class Gate {
  #opened: PromiseWithResolvers<void> | undefined;

  close(): void {
    this.#opened ??= Promise.withResolvers();
  }

  open(): void {
    this.#opened?.resolve();
    this.#opened = undefined;
  }

  async pass(): Promise<void> {
    await this.#opened?.promise;
  }
}

/** A webhook of this process on the caches of the running operator, with the rights that are shipped. */
export async function startWebhook(
  bed: OperatorBed,
  { operator }: RunningOperator,
  options: Pick<Partial<WebhookOptions>, 'clock' | 'requestsPerConnection'> = {},
  announcing = new Gate(),
): Promise<RunningWebhook> {
  const http = await transportFor(await bed.plane.userKubeconfig(OPERATOR_USER), OPERATOR_AGENT);
  const transport: Transport = {
    request: async (asked) => {
      if (asked.method === 'PATCH' && asked.path.includes('webhookconfigurations')) await announcing.pass();
      return await http.request(asked);
    },
    watch: (asked) => http.watch(asked),
    close: () => http.close(),
  };
  const stop = new AbortController();
  const listening = Promise.withResolvers<number>();
  const ended = runWebhook(
    {
      client: new KubeClient(transport, { fieldManager: 'influxaddon-operator' }),
      stores: operator.stores,
      ready: () => operator.hasSynced,
      settings: TEST_SETTINGS,
      name: WEBHOOK_NAME,
      port: 0,
      log: silentLogger,
      onListening: listening.resolve,
      ...options,
    },
    stop.signal,
  );
  let stopped: Promise<void> | undefined;
  const end = (): Promise<void> =>
    (stopped ??= (async () => {
      stop.abort();
      announcing.open();
      await ended;
      await transport.close();
    })());
  return { port: await listening.promise, stop: end, [Symbol.asyncDispose]: end };
}

/** The shipped configuration, but by address: there is no Service network under this control plane. */
export function configurationFor(port: number): ValidatingWebhookConfiguration {
  const shipped = addonWebhook({ url: `https://127.0.0.1:${port}${REVIEW_PATH}` });
  return {
    metadata: { name: WEBHOOK_NAME },
    webhooks: [shipped],
  } as unknown as ValidatingWebhookConfiguration;
}

/** Has the API server ask the webhook at this port. */
export async function pointTo(bed: OperatorBed, port: number): Promise<void> {
  const webhooks = configurationFor(port).webhooks?.map(({ name, clientConfig: { url } }) => ({
    name,
    clientConfig: { url },
  }));
  await bed.client.patch(
    ValidatingWebhookConfiguration,
    { name: WEBHOOK_NAME },
    { webhooks },
    { type: 'strategic' },
  );
}
