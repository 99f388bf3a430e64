import { request } from 'node:https';
import { expect, test } from 'vitest';
import { OPERATOR } from '../../demo/install.ts';
import type { OperatorNode } from '../operator-node.ts';
import { replicas } from './operator-pods.ts';

const REFUSED = 'refused';
const WHY = /spec\.plan: no-such-plan is not in the catalogue/;

/** What is told at once to whoever asks for what cannot be, by the chart's webhook and policies. */
export function admissionCases(on: () => OperatorNode): void {
  test('the installed webhook refuses through its Service, by every replica, also when one is gone', async () => {
    const space = await on().space('told');
    // What no replica answers in time is taken, as the chart says: so each one is asked itself before.
    await space.until('a refusal by each of two replicas', async () => {
      const answers = await Promise.all((await replicas(on())).map(({ status }) => ask(on(), status.podIP)));
      return answers.length === 2 && answers.every((answer) => WHY.test(answer));
    });
    const attempted = () => attempt(on(), space.namespace);
    await space.until('the first refusal', async () => (await attempted()) === REFUSED);
    for (let index = 0; index < 20; index += 1) expect(await attempted()).toBe(REFUSED);
    const [first] = await replicas(on());
    const pod = `/api/v1/namespaces/${OPERATOR.namespace}/pods/${first?.metadata.name}`;
    await on().api.send('DELETE', pod);
    await space.until('a refusal by the others', async () => (await attempted()) === REFUSED);
  });

  test('the installed policies protect an addon, and its namespace goes nevertheless', async () => {
    const space = await on().space('protected');
    const manifest = addon(space.namespace, { plan: 'tiny', deletionProtection: 'Enabled' });
    await space.kube.run(['create', '-f', '-'], { input: JSON.stringify(manifest) });
    await expect(space.kube.run(['delete', 'influxaddon', 'db', '-n', space.namespace])).rejects.toThrow(
      /spec\.deletionProtection of db is Enabled/,
    );
    await space.kube.run(['delete', 'namespace', space.namespace, '--wait=false']);
    await space.until('the namespace to go', async () => {
      return (await on().api.get(`/api/v1/namespaces/${space.namespace}`)) === undefined;
    });
  });
}

async function attempt({ kube }: OperatorNode, namespace: string): Promise<string> {
  const manifest = JSON.stringify(addon(namespace, { plan: 'no-such-plan' }));
  try {
    await kube.run(['create', '--dry-run=server', '-f', '-'], { input: manifest });
    return 'taken';
  } catch (error) {
    const text = String(error);
    return /The InfluxAddon "db" is invalid: /.test(text) && WHY.test(text) ? REFUSED : text;
  }
}

interface Configuration {
  webhooks: { clientConfig: { caBundle?: string; service: { name: string; path: string } } }[];
}

/** What one replica says to the review of an addon, asked as the API server asks. */
async function ask({ api }: OperatorNode, host = ''): Promise<string> {
  const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
  const found = await api.get<Configuration>(`${path}/${OPERATOR.name}-webhook`);
  const { caBundle = '', service } = found?.webhooks[0]?.clientConfig ?? {};
  const object = addon('told', { plan: 'no-such-plan' });
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'asked-directly', operation: 'CREATE', object },
  };
  return new Promise((resolve, reject) => {
    const to = { host, port: 9443, path: service?.path, method: 'POST', agent: false, timeout: 5_000 };
    const trust = {
      ca: Buffer.from(caBundle, 'base64'),
      servername: `${service?.name}.${OPERATOR.namespace}.svc`,
    };
    const headers = { 'content-type': 'application/json' };
    const sent = request({ ...to, ...trust, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('error', reject).on('end', () => resolve(text));
    });
    sent.on('timeout', () => sent.destroy(new Error('timeout'))).on('error', reject);
    sent.end(JSON.stringify(review));
  });
}

function addon(namespace: string, spec: object) {
  const metadata = { namespace, name: 'db' };
  return { apiVersion: 'influxaddon.dev/v1alpha1', kind: 'InfluxAddon', metadata, spec };
}
