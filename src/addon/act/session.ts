import type { EngineSession } from '../../influx/engine.ts';
import { engineInForce } from '../../influx/engines.ts';
import { type Credentials } from '../../influx/credentials.ts';
import { InfluxError } from '../../influx/influx-error.ts';
import type { InfluxEndpoint } from '../../influx/transport.ts';
import type { Actor } from './actor.ts';
import type { DatabaseAccess } from '../decision/action.ts';
import { ADMIN_USER } from '../identity/admin-keys.ts';

/**
 * As the administrator with the password in force, or with the other one where there is one: between storing a new
 * password and the database taking it, and after a start of the pod from an old copy of the Secret, either may be right.
 */
export async function asAdministrator<T>(
  actor: Tools,
  access: DatabaseAccess,
  ask: (client: EngineSession) => Promise<T>,
  timeoutMs: number = TIMEOUT_MS,
): Promise<{ administrator?: 'Other'; value: T }> {
  try {
    return { value: await ask(adminClient(actor, access, undefined, timeoutMs)) };
  } catch (reason) {
    const refused = InfluxError.from(reason).kind === 'Unauthorized';
    if (!refused || access.rotation?.adminPassword === undefined) throw reason;
  }
  return { administrator: 'Other', value: await ask(adminClient(actor, access, 'Other', timeoutMs)) };
}

export function adminClient(
  actor: Tools,
  access: DatabaseAccess,
  which?: 'Other',
  timeoutMs: number = TIMEOUT_MS,
): EngineSession {
  const { adminPassword, rotation } = access;
  const password = which === 'Other' ? (rotation?.adminPassword ?? adminPassword) : adminPassword;
  return userClient(actor, access, { username: ADMIN_USER, password }, timeoutMs);
}

export function userClient(
  actor: Tools,
  access: DatabaseAccess,
  credentials: Credentials,
  timeoutMs: number = TIMEOUT_MS,
): EngineSession {
  const { username, password } = credentials;
  return engineInForce(access.version).connect({
    transport: actor.influx,
    endpoint: endpointOf(access),
    credentials: { username, password },
    timeoutMs,
  });
}

export function endpointOf({
  host,
  port,
  tls,
}: Pick<DatabaseAccess, 'host' | 'port' | 'tls'>): InfluxEndpoint {
  return { host, port, ...(tls === undefined ? {} : { tls }) };
}

export type Tools = Pick<Actor, 'influx' | 'memories' | 'clock'>;

export const TIMEOUT_MS = 5_000;

/** The engine's failures are knowledge; only the caller's own giving up is thrown. */
export async function attempt<T>(
  signal: AbortSignal,
  run: () => Promise<T>,
): Promise<T | { ok: false; kind: InfluxError['kind']; message: string }> {
  try {
    return await run();
  } catch (reason) {
    signal.throwIfAborted();
    const error = InfluxError.from(reason);
    return { ok: false, kind: error.kind, message: error.message };
  }
}
