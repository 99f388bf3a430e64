import { Pod } from '../../src/kube/objects/kinds.ts';
import { queryThroughUrl, secretData } from './database.ts';
import type { OperatorBed } from './operator-bed.ts';

/** Writes one point as an app does: with the URL in its environment, at the address of the pod. False when refused. */
export async function writePoint(
  bed: OperatorBed,
  namespace: string,
  addon: string,
  measurement: string,
): Promise<boolean> {
  const secret = await secretData(bed, namespace, `${addon}-influx`);
  const { username, password, pathname } = new URL(secret['INFLUX_URL'] ?? '');
  const pod = await bed.client.get(Pod, { namespace, name: `${addon}-influx-0` });
  const response = await fetch(`http://${pod?.status?.podIP}:8086/write?db=${pathname.slice(1)}`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
    body: `${measurement} value=1`,
  });
  return response.status === 204;
}

/** Whether a query through the URL finds a point that was written under this name. */
export async function hasPoint(
  bed: OperatorBed,
  namespace: string,
  addon: string,
  measurement: string,
): Promise<boolean> {
  const { status, body } = await queryThroughUrl(bed, namespace, addon, `SELECT value FROM "${measurement}"`);
  if (status !== 200) throw new Error(`the database answers ${status}: ${body}`);
  return body.includes(`"name":"${measurement}"`);
}
