import type { RuleWithOperations } from 'kubernetes-types/admissionregistration/v1.js';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { StatefulSet } from '../../src/kube/objects/kinds.ts';
import { makeAuthority } from '../../src/tls/authority.ts';
import { issueLeaf } from '../../src/tls/leaf.ts';
import { MutatingWebhookConfiguration } from './cluster-kinds.ts';
import { eventually } from './children.ts';
import type { OperatorBed } from './operator-bed.ts';

interface Review {
  readonly request: { readonly uid: string; readonly object: StatefulSet };
}

type Patch = readonly { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }[];

/** A webhook of somebody else's, through which every StatefulSet of a namespace goes before it is stored. */
export async function mutateSets(
  bed: OperatorBed,
  namespace: string,
  mutate: (set: StatefulSet) => Patch,
): Promise<AsyncDisposable> {
  const now = new Date();
  const authority = await makeAuthority({ commonName: 'webhook', now });
  const { certPem, keyPem } = await issueLeaf({ authority, dnsNames: [], ipAddresses: ['127.0.0.1'], now });
  let isAsked = false;
  const server = createServer({ cert: certPem, key: keyPem }, (asked, answer) => {
    void text(asked).then((body) => {
      isAsked = true;
      const { uid, object } = (JSON.parse(body) as Review).request;
      const patch = Buffer.from(JSON.stringify(mutate(object))).toString('base64');
      const response = { uid, allowed: true, patchType: 'JSONPatch', patch };
      answer.setHeader('content-type', 'application/json');
      answer.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const name = `mutates-${namespace}`;
  await bed.client.create(MutatingWebhookConfiguration, {
    metadata: { name },
    webhooks: [
      {
        name: 'sets.example.org',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        clientConfig: {
          url: `https://127.0.0.1:${port}/`,
          caBundle: Buffer.from(authority.certPem).toString('base64'),
        },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        rules: [
          {
            apiGroups: ['apps'],
            apiVersions: ['v1'],
            operations: ['CREATE', 'UPDATE'],
            resources: ['statefulsets'],
          } as RuleWithOperations,
        ],
      },
    ],
  });
  await eventually('the webhook to be asked', async () => {
    await bed.client.dryRun('create', StatefulSet, probeIn(namespace));
    return isAsked;
  });
  return {
    [Symbol.asyncDispose]: async () => {
      await bed.client.delete(MutatingWebhookConfiguration, { name });
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function probeIn(namespace: string): StatefulSet {
  const labels = { app: 'probe' };
  const probe = { name: 'probe', image: 'probe:1', resources: { limits: { memory: '64Mi' } } };
  return {
    metadata: { namespace, name: 'probe' },
    spec: {
      serviceName: 'probe',
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [probe] } },
    },
  };
}
