import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { Pod, Secret } from '../../src/kube/objects/kinds.ts';
import type { OperatorBed } from './operator-bed.ts';

/** The decoded data of a Secret. */
export async function secretData(
  bed: OperatorBed,
  namespace: string,
  name: string,
): Promise<Record<string, string>> {
  const secret = await bed.client.get(Secret, { namespace, name });
  if (secret === undefined) throw new Error(`Secret ${namespace}/${name} does not exist`);
  const entries = Object.entries(secret.data ?? {});
  return Object.fromEntries(
    entries.map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}

/** Runs a statement as an app would: with the URL from the Secret, at the address of the pod. */
export async function queryThroughUrl(
  bed: OperatorBed,
  namespace: string,
  addon: string,
  statement: string,
): Promise<{ status: number; body: string }> {
  const { INFLUX_URL = '' } = await secretData(bed, namespace, `${addon}-influx`);
  return await query(bed, namespace, addon, new URL(INFLUX_URL), statement);
}

export async function queryAsAdmin(
  bed: OperatorBed,
  namespace: string,
  addon: string,
  statement: string,
): Promise<{ status: number; body: string }> {
  const admin = await secretData(bed, namespace, `${addon}-influx-admin`);
  return await query(
    bed,
    namespace,
    addon,
    { username: 'admin', password: admin['admin-password'] ?? '' },
    statement,
  );
}

/** Runs a statement as somebody, at the address of the pod. */
export async function queryAsUser(
  bed: OperatorBed,
  namespace: string,
  addon: string,
  login: { username: string; password: string },
  statement: string,
): Promise<{ status: number; body: string }> {
  return await query(bed, namespace, addon, login, statement);
}

async function query(
  bed: OperatorBed,
  namespace: string,
  addon: string,
  { username, password }: { username: string; password: string },
  statement: string,
): Promise<{ status: number; body: string }> {
  const pod = await bed.client.get(Pod, { namespace, name: `${addon}-influx-0` });
  const host = pod?.status?.podIP;
  if (host === undefined) throw new Error(`the database of ${namespace}/${addon} has no address`);
  const { id } = (await bed.get(namespace, addon)).status ?? {};
  const body = new URLSearchParams({ q: statement, db: id ?? '' }).toString();
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization };
  const common = { host, port: 8086, path: '/query', method: 'POST', headers, agent: false };
  const url = (await secretData(bed, namespace, `${addon}-influx`))['INFLUX_URL'] ?? '';
  // Verified against the authority and the name in the URL, as an app does.
  const ca = url.startsWith('https:')
    ? (await secretData(bed, namespace, `${addon}-influx-tls`))['ca.crt']
    : undefined;
  const send = ca === undefined ? request : secureRequest;
  const tls = ca === undefined ? {} : { ca, servername: new URL(url).hostname };
  return await new Promise((resolve, reject) => {
    const sent = send({ ...common, ...tls }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }));
    });
    sent.on('error', reject).end(body);
  });
}
