import { stateOf, tlsModeOf } from '../../api/addon-defaults.ts';
import { ADMIN_KEY } from '../../addon/identity/admin-keys.ts';
import { childNames } from '../../addon/world/names.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import { engineInForce } from '../../influx/engines.ts';
import { InfluxError } from '../../influx/influx-error.ts';
import { ENGINE_PORT } from '../../influx/pod-parts.ts';
import type { EngineActivity } from '../../influx/state.ts';
import { HttpInfluxTransport, type InfluxTls } from '../../influx/transport.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import { Secret } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { reasonOf } from '../stream/watching.ts';
import type { Visitor } from '../visitor.ts';

const TIMEOUT_MS = 5_000;

/** What the engine of an addon says of itself, asked through the API server; or why it cannot be asked. */
export type EngineAnswer = EngineActivity | string;

/**
 * The statistics are for administrators only, so the visitor has to be one: by the right to the admin Secret. Nothing
 * of the Secret is kept longer than the question takes.
 */
export async function askEngine(
  visitor: Visitor,
  addon: Live<InfluxAddon>,
  signal: AbortSignal,
): Promise<EngineAnswer> {
  const { status } = addon;
  const [id, version] = [status?.id, status?.version];
  if (stateOf(addon) === 'Stopped') return 'the database is stopped';
  if (id === undefined || version === undefined) return 'the database is not there yet';
  const access = await accessTo(visitor, addon);
  if (typeof access === 'string') return access;
  const { namespace = '', name } = addon.metadata;
  const options = { namespace, pod: childNames(name).pod, port: ENGINE_PORT, localPort: 0 };
  const transport = new HttpInfluxTransport();
  try {
    const tunnel = await visitor.forward(options);
    try {
      const { tls, credentials } = access;
      const endpoint = { host: '127.0.0.1', port: tunnel.port, ...(tls === undefined ? {} : { tls }) };
      const session = engineInForce(version).connect({
        transport,
        endpoint,
        credentials,
        timeoutMs: TIMEOUT_MS,
      });
      return await session.readActivity(id, signal);
    } finally {
      await tunnel.close();
    }
  } catch (error) {
    return `the database was not reached through the API server: ${InfluxError.from(error).message}`;
  } finally {
    await transport.close();
  }
}

interface Access {
  readonly credentials: { readonly username: string; readonly password: string };
  readonly tls: InfluxTls | undefined;
}

async function accessTo({ client }: Visitor, addon: Live<InfluxAddon>): Promise<Access | string> {
  const { namespace = '', name } = addon.metadata;
  const { adminSecret, bindingSecret } = childNames(name);
  try {
    const [admin, binding] = await Promise.all([
      client.get(Secret, { namespace, name: adminSecret }),
      tlsModeOf(addon) === 'Required' ? client.get(Secret, { namespace, name: bindingSecret }) : undefined,
    ]);
    const [username, password] = [
      textOf(admin, ADMIN_KEY.adminUsername),
      textOf(admin, ADMIN_KEY.adminPassword),
    ];
    if (username === undefined || password === undefined) return `the Secret ${adminSecret} is not there yet`;
    const [ca, servername] = [textOf(binding, 'ca.crt'), textOf(binding, 'host')];
    return {
      credentials: { username, password },
      tls: ca === undefined || servername === undefined ? undefined : { ca, servername },
    };
  } catch (error) {
    const failure = ApiError.from(error);
    return failure.isForbidden
      ? `its statistics are for administrators, and you may not read the Secret ${adminSecret}`
      : reasonOf(failure);
  }
}

function textOf(secret: Live<Secret> | undefined, key: string): string | undefined {
  const encoded = secret?.data?.[key];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
}
