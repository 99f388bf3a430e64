import { Secret } from '../../../src/kube/objects/kinds.ts';
import { make } from '../../../src/tls/testing/certificates.ts';
import { ADDON, type Stage } from '../lab/stage.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** A Secret of the user with a certificate for the database, of an authority of the user's own. */
export async function giveCertificate(stage: Stage, name: string): Promise<void> {
  const dates = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + 90 * DAY_MS) };
  const root = await make({ subject: 'root', authority: true, ...dates });
  const host = `${ADDON}-influx.${stage.namespace}.svc.cluster.local`;
  const server = await make({ subject: 'database', issuer: root, dnsNames: [host], ...dates });
  const files = { 'tls.crt': server.certPem, 'tls.key': server.keyPem, 'ca.crt': root.certPem };
  const data = Object.fromEntries(
    Object.entries(files).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
  await stage.create(Secret, { metadata: { name }, type: 'kubernetes.io/tls', data });
}
