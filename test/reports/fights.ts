import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { makeAuthority } from '../../src/tls/authority.ts';
import { issueLeaf } from '../../src/tls/leaf.ts';
import { ADDON, condition, OPERATOR_USER, type Place } from './place.ts';
import type { Scenario } from './scenario.ts';
import { setsWebhook } from './sets-webhook.ts';

/** A few tries at once, and then ever more rarely. */
const TRIES = 6;
const TEMPLATE = '/spec/template/spec';

interface Policy {
  readonly patch: object;
  /** What is in a StatefulSet that looks so already. */
  readonly mark: string;
}

const appends: Policy = {
  patch: { op: 'add', path: `${TEMPLATE}/tolerations/-`, value: { key: 'spot', operator: 'Exists' } },
  mark: '"key":"spot"',
};
const replaces: Policy = {
  patch: { op: 'replace', path: `${TEMPLATE}/terminationGracePeriodSeconds`, value: 45 },
  mark: '"terminationGracePeriodSeconds":45',
};

export const fightScenarios: readonly Scenario[] = [
  {
    name: 'what a policy adds to the StatefulSet each time is lived with: few writes, one pod, and Ready',
    run: async (place) => {
      await using _ = await Mutating.install(place, appends);
      const since = Date.now();
      await place.bound({ placement: { tolerations: [{ key: 'a', operator: 'Exists' }] } });
      const { pod } = await place.marks();
      await place.edit({ access: { policy: 'Open' } });
      await place.settled();
      expect((await place.marks()).pod).toBe(pod);
      expect(await writes(place, since)).toBeLessThanOrEqual(TRIES);
    },
  },
  {
    name: 'what a policy changes back each time is told of after a few writes, and the database goes on',
    run: async (place) => {
      await place.bound();
      const { pod, app } = await place.marks();
      await using _ = await Mutating.install(place, replaces);
      const since = Date.now();
      await place.edit({ plan: 'tiny-plus' });
      const told = await place.until(ADDON, 'to tell of it, and to answer', (each) => {
        const isTold = condition(each, 'Ready')?.message.includes('somebody else') === true;
        return isTold && condition(each, 'Available')?.status === 'True';
      });
      expect(condition(told, 'Ready')?.message).toContain(`StatefulSet ${ADDON}-influx`);
      const after = await place.marks();
      expect(after.pod).not.toBe(pod);
      expect(after).toMatchObject({ restarts: 0, app: (app ?? 0) + 1 });
      expect(await writes(place, since)).toBeLessThanOrEqual(TRIES);
    },
  },
];

/** How often the operator has written the StatefulSet since then. */
async function writes(place: Place, since: number): Promise<number> {
  const entries = await place.on.node.auditEntries({ user: OPERATOR_USER, since });
  return entries.filter(
    ({ namespace, verb, resource, dryRun }) =>
      namespace === place.namespace &&
      ['create', 'update', 'patch'].includes(verb) &&
      resource === 'statefulsets' &&
      dryRun === undefined,
  ).length;
}

/** Changes every StatefulSet of one namespace when it is made or changed, unless it looks so already. */
class Mutating implements AsyncDisposable {
  readonly #place: Place;
  readonly #server: Server;

  private constructor(place: Place, server: Server) {
    this.#place = place;
    this.#server = server;
  }

  static async install(place: Place, { patch, mark }: Policy): Promise<Mutating> {
    const host = place.on.node.hostIP;
    const now = new Date();
    const authority = await makeAuthority({ commonName: 'policy', now });
    const { certPem, keyPem } = await issueLeaf({ authority, dnsNames: [], ipAddresses: [host], now });
    const caBundle = Buffer.from(authority.certPem).toString('base64');
    const server = createServer({ key: keyPem, cert: certPem }, (request, response) => {
      void text(request).then((body) => {
        const { request: asked } = JSON.parse(body) as { request: { uid: string; object: unknown } };
        const isSo = JSON.stringify(asked.object).includes(mark);
        const change = {
          patchType: 'JSONPatch',
          patch: Buffer.from(JSON.stringify([patch])).toString('base64'),
        };
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify({
            apiVersion: 'admission.k8s.io/v1',
            kind: 'AdmissionReview',
            response: { uid: asked.uid, allowed: true, ...(isSo ? {} : change) },
          }),
        );
      });
    });
    server.listen(0, '0.0.0.0');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await place.apply({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: `others-${place.namespace}` },
      webhooks: [setsWebhook(place.namespace, { url: `https://${host}:${port}/`, caBundle })],
    });
    return new Mutating(place, server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#place.kubectl(['delete', 'mutatingwebhookconfiguration', `others-${this.#place.namespace}`]);
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
