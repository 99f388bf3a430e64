import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'vitest';
import { addon, ADDON, condition, type Place } from './place.ts';
import type { Scenario } from './scenario.ts';
import { setsWebhook } from './sets-webhook.ts';

/** STATUS is never blank for longer than this after the addon was made; milliseconds. */
const FIRST_WORD_MS = 10_000;
/** What does not succeed is told after it has lasted for this; milliseconds. */
const TOLD_MS = 30_000;
/** Of a loaded machine, between what the operator does and what is seen of it; milliseconds. */
const SLACK_MS = 15_000 * Number(process.env['TEST_SLOWNESS'] ?? 1);

export const admissionScenarios: readonly Scenario[] = [
  {
    name: 'a webhook of somebody else that is gone is told of in the status, and heals when it is taken away',
    sample: true,
    run: async (place) => {
      const { namespace } = place;
      const service = { namespace, name: 'dead-policies', path: '/' };
      await outlived(place, { service }, /failed calling webhook.*service "dead-policies" not found/);
    },
  },
  {
    name: 'a webhook of somebody else that answers nobody is told of in the status, and heals when it is taken away',
    run: async (place) => {
      await using silent = await Silent.listen();
      const url = `https://${place.on.node.hostIP}:${silent.port}/`;
      await outlived(place, { url }, /failed calling webhook.*(deadline exceeded|timeout)/);
    },
  },
  {
    name: 'a webhook that fails leaves a database that runs, and its app, as they are',
    run: async (place) => {
      await place.bound();
      const before = await place.marks();
      const { namespace } = place;
      await using hook = await Failing.install(place, {
        service: { namespace, name: 'dead-policies', path: '/' },
      });
      await place.edit({ plan: 'tiny-plus' });
      const told = await place.until(ADDON, 'to tell of the webhook', isTold);
      expect(condition(told, 'Ready')).toMatchObject({ status: 'False', reason: 'ChangingPlan' });
      expect(condition(told, 'Available')?.status).toBe('True');
      expect(told.status?.plan).toBe('tiny');
      expect(await place.marks()).toEqual(before);
      await hook.takeAway();
      expect((await place.settled()).status?.plan).toBe('tiny-plus');
      expect(await place.marks()).toMatchObject({ restarts: 0, app: (before.app ?? 0) + 1 });
    },
  },
];

/** A new addon whose StatefulSet nobody lets in, until the webhook is taken away. */
async function outlived(place: Place, client: object, words: RegExp): Promise<void> {
  await using hook = await Failing.install(place, client);
  const from = Date.now();
  await place.apply(addon({}));
  const { status } = await place.space.until('the first word', async () => {
    const found = await place.space.addon(ADDON);
    return found.status?.conditions !== undefined && found;
  });
  expect(Date.now() - from).toBeLessThan(FIRST_WORD_MS + SLACK_MS);
  expect(status?.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('Provisioning');

  const told = await place.until(ADDON, 'to tell of the webhook', isTold);
  expect(Date.now() - from).toBeLessThan(TOLD_MS + SLACK_MS);
  const [ready, stalled] = ['Ready', 'Stalled'].map((type) => condition(told, type));
  expect(ready).toMatchObject({ status: 'False', reason: 'Provisioning' });
  // It heals by itself: nobody has to act on the addon.
  expect(stalled?.status).toBe('False');
  const message = condition(told, 'Reconciling')?.message;
  expect(message).toContain(`${ADDON}-influx`);
  expect(message).toMatch(words);

  await hook.takeAway();
  const healed = await place.settled();
  expect(condition(healed, 'Reconciling')?.status).toBe('False');
}

function isTold(each: Parameters<typeof condition>[0]): boolean {
  const reconciling = condition(each, 'Reconciling');
  return reconciling?.status === 'True' && reconciling.reason === 'ServerFailing';
}

/** Asked before a StatefulSet of one namespace is made or changed, and nothing is let in that it did not answer for. */
class Failing implements AsyncDisposable {
  readonly #place: Place;
  #gone = false;

  private constructor(place: Place) {
    this.#place = place;
  }

  static async install(place: Place, clientConfig: object): Promise<Failing> {
    const { namespace } = place;
    const hook = new Failing(place);
    await place.apply({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: `others-${namespace}` },
      webhooks: [setsWebhook(namespace, clientConfig)],
    });
    await place.space.until('the webhook to be asked', async () => {
      const args = ['create', '--dry-run=server', '-f', '-'];
      return await place.kubectl(args, probe).then(
        () => false,
        (error: unknown) => String(error).includes('failed calling webhook'),
      );
    });
    return hook;
  }

  async takeAway(): Promise<void> {
    if (this.#gone) return;
    this.#gone = true;
    await this.#place.kubectl([
      'delete',
      'validatingwebhookconfiguration',
      `others-${this.#place.namespace}`,
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.takeAway();
  }
}

const probe = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'probe' },
  spec: {
    serviceName: 'probe',
    selector: { matchLabels: { app: 'probe' } },
    template: { metadata: { labels: { app: 'probe' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
};

/** Takes connections and says nothing on them. */
class Silent implements AsyncDisposable {
  readonly #server = createServer((socket) => {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.resume();
  });
  readonly #sockets = new Set<Socket>();

  static async listen(): Promise<Silent> {
    const silent = new Silent();
    silent.#server.listen(0, '0.0.0.0');
    await once(silent.#server, 'listening');
    return silent;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
