import { Pod, Secret } from '../../../src/kube/objects/kinds.ts';
import { InfluxClient } from '../../../src/influx/v1/client.ts';
import { childNames } from '../../../src/addon/world/names.ts';
import { decode } from '../../../src/addon/world/secret-data.ts';
import type { InfluxEndpoint } from '../../../src/influx/transport.ts';
import type { Lab } from './lab.ts';

/** Where the database of an addon listens, and how to trust it; undefined when it has no running pod. */
function endpointOf(lab: Lab, namespace: string, addon: string): InfluxEndpoint | undefined {
  const names = childNames(addon);
  const pod = lab.recorder.get(Pod, namespace, names.pod);
  const host = pod?.status?.podIP;
  if (pod === undefined || host === undefined || pod.metadata.deletionTimestamp !== undefined)
    return undefined;
  const secure = pod.spec?.containers.some(({ env }) =>
    env?.some(({ name, value }) => name === 'INFLUXDB_HTTP_HTTPS_ENABLED' && value === 'true'),
  );
  if (secure !== true) return { host, port: 8086 };
  const ca = decode(lab.recorder.get(Secret, namespace, names.tlsSecret))['ca.crt'] ?? '';
  return { host, port: 8086, tls: { ca, servername: `${names.service}.${namespace}.svc.cluster.local` } };
}

export async function asAdministrator(
  lab: Lab,
  namespace: string,
  addon: string,
  statement: string,
): Promise<string> {
  const endpoint = endpointOf(lab, namespace, addon);
  if (endpoint === undefined) throw new Error(`the database of ${addon} does not run`);
  const admin = decode(lab.recorder.get(Secret, namespace, childNames(addon).adminSecret));
  const client = new InfluxClient(lab.influx, endpoint, {
    username: 'admin',
    password: admin['admin-password'] ?? '',
  });
  return JSON.stringify(await client.query(statement));
}

/** Writes a point as an application does: by its URL, at the address of the pod. */
export async function writeAsApp(
  lab: Lab,
  namespace: string,
  addon: string,
  measurement: string,
): Promise<void> {
  const endpoint = endpointOf(lab, namespace, addon);
  if (endpoint === undefined) throw new Error(`the database of ${addon} does not run`);
  const { username, password, pathname } = urlOf(lab, namespace, addon);
  const client = new InfluxClient(lab.influx, endpoint, { username, password });
  await client.write(pathname.slice(1), `${measurement} value=1`);
}

function urlOf(lab: Lab, namespace: string, addon: string): URL {
  const secret = decode(lab.recorder.get(Secret, namespace, childNames(addon).urlSecret));
  const url = Object.values(secret).find((text) => URL.canParse(text));
  return new URL(url ?? 'http://nobody:nothing@nowhere/none');
}

/** What a database says about itself to its administrator, and whether the application gets in by its URL. */
export async function databaseState(lab: Lab, namespace: string, addon: string): Promise<unknown> {
  const endpoint = endpointOf(lab, namespace, addon);
  if (endpoint === undefined) return 'does not run';
  const ask = async (statement: string): Promise<unknown> => {
    let failure = '';
    // On a busy machine an answer may come too late.
    for (let tries = 0; tries < 3; tries += 1) {
      try {
        return JSON.parse(await asAdministrator(lab, namespace, addon, statement)) as unknown;
      } catch (reason) {
        failure = String(reason);
      }
    }
    return failure;
  };
  const { username, password, protocol, pathname } = urlOf(lab, namespace, addon);
  const id = pathname.slice(1);
  const states = await Promise.all(
    [
      'SHOW DATABASES',
      'SHOW USERS',
      `SHOW GRANTS FOR "${username}"`,
      `SHOW RETENTION POLICIES ON "${id}"`,
      'SHOW CONTINUOUS QUERIES',
      `SHOW MEASUREMENTS ON "${id}"`,
    ].map(ask),
  );
  const login = await new InfluxClient(lab.influx, endpoint, { username, password })
    .query(`SHOW MEASUREMENTS ON "${id}"`)
    .then(
      () => 'the published URL lets in',
      (reason: unknown) => `the published URL does not let in: ${String(reason)}`,
    );
  const listens =
    (protocol === 'https:') === (endpoint.tls !== undefined)
      ? 'as the URL says'
      : 'otherwise than the URL says';
  return { states, login, listens };
}
