import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { addonWebhook } from '../../build/operator-manifests.ts';
import { REVIEW_PATH } from '../../src/admission/app.ts';
import { readSecret, WEBHOOK_SECRET } from '../../src/admission/certificate-secret.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { ApiError } from '../../src/kube/api/api-error.ts';
import { ConfigMap, Secret, ValidatingWebhookConfiguration } from '../../src/kube/objects/kinds.ts';
import { inspect } from '../../src/tls/inspect.ts';
import { eventually } from './children.ts';
import { OPERATOR_NAMESPACE, type OperatorBed, WEBHOOK_NAME } from './operator-bed.ts';

/** Four users who try again and again what has to be refused. */
export class Asking implements AsyncDisposable {
  readonly #answers: string[] = [];
  readonly #asked: Promise<unknown>;
  #ended = false;

  constructor(bed: OperatorBed, namespace: string) {
    const ask = async (): Promise<void> => {
      while (!this.#ended) {
        const answer = await outcome(bed, namespace);
        if (answer !== 'no API server') this.#answers.push(answer);
      }
    };
    this.#asked = Promise.allSettled([ask(), ask(), ask(), ask()]);
  }

  async untilMore(): Promise<void> {
    const until = this.#answers.length + 20;
    await eventually('more answers', async () => this.#answers.length >= until);
  }

  async end(): Promise<string[]> {
    this.#ended = true;
    await this.#asked;
    return this.#answers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

/** Waits until the API server asks the webhook and trusts its certificate. */
export async function untilAsked(bed: OperatorBed): Promise<void> {
  await eventually('the first refusal', async () => (await outcome(bed, 'default')) === 'Invalid');
}

/** Waits until the API server heeds what the configurations of webhooks are now: it hears of them in their order. */
export async function untilConfigured(bed: OperatorBed): Promise<void> {
  const kind = { ...addonWebhook({ url: 'https://127.0.0.1:1/' }), name: 'nobody.example.com' };
  const rules = [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'], scope: '*' },
  ];
  const last = { metadata: { name: 'last' }, webhooks: [{ ...kind, rules, failurePolicy: 'Fail' }] };
  await bed.client.create(ValidatingWebhookConfiguration, last as unknown as ValidatingWebhookConfiguration);
  try {
    await eventually('the last configuration to be heeded', async () => {
      const metadata = { namespace: 'default', generateName: 'heeded-' };
      return await bed.client.create(ConfigMap, { metadata } as unknown as ConfigMap).then(
        () => false,
        (error: unknown) => ApiError.from(error).message.includes('nobody.example.com'),
      );
    });
  } finally {
    await bed.client.delete(ValidatingWebhookConfiguration, { name: 'last' });
  }
}

/** What becomes of a creation that the webhook has to refuse. */
export async function outcome(bed: OperatorBed, namespace: string): Promise<string> {
  const name = `probe-${Math.random().toString(36).slice(2, 10)}`;
  try {
    await bed.addon(namespace, name, { plan: 'no-such-plan' });
    await bed.client.delete(InfluxAddon, { namespace, name });
    return 'stored';
  } catch (error) {
    const { code, reason, message } = ApiError.from(error);
    const starting = code === 401 || message.includes('not yet ready to handle request');
    return code === 0 || code >= 500 || starting ? 'no API server' : reason;
  }
}

export async function storedCertificate(bed: OperatorBed) {
  return readSecret(await bed.client.get(Secret, { namespace: OPERATOR_NAMESPACE, name: WEBHOOK_SECRET }));
}

/** The authorities that the API server is told to trust. PEM. */
export async function announced(bed: OperatorBed): Promise<string> {
  const configuration = await bed.client.get(ValidatingWebhookConfiguration, { name: WEBHOOK_NAME });
  const bundle = configuration?.webhooks?.[0]?.clientConfig.caBundle ?? '';
  return Buffer.from(bundle, 'base64').toString('utf8');
}

/** Fingerprint of the certificate that is shown to a new connection, which has to be trusted by what is announced. */
export async function shownBy(bed: OperatorBed, port: number): Promise<string> {
  const ca = await announced(bed);
  return await new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path: '/', ca, agent: false }, (answer) => {
      answer.resume();
    });
    asking.once('error', reject);
    asking.once('socket', (socket) =>
      socket.once('secureConnect', () => {
        const pem = (socket as TLSSocket).getPeerX509Certificate()?.toString() ?? '';
        const found = inspect({ certPem: pem });
        asking.destroy();
        if (typeof found === 'string') reject(new Error(found));
        else resolve(found.leaf.fingerprint);
      }),
    );
    asking.end();
  });
}

/** What the webhook answers to this. */
export async function post(port: number, body: string): Promise<number> {
  return await new Promise((resolve, reject) => {
    const asking = request(
      // Who sends junk does not look at certificates.
      { host: '127.0.0.1', port, path: REVIEW_PATH, method: 'POST', rejectUnauthorized: false, agent: false },
      (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode ?? 0));
      },
    );
    asking.once('error', reject);
    asking.end(body);
  });
}
