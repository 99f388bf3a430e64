import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { ConfigError, type Config } from '../config.ts';

/**
 * Who this process is, in Leases and events: its pod, whose name no other has. Outside of a cluster there is none, and one
 * is drawn. Throws ConfigError where the pod's name was not given: a process without one must not stand for election.
 */
export function identityOf(config: Pick<Config, 'kubeconfig' | 'pod-name' | 'leader-elect'>): string {
  const given = config['pod-name'];
  if (given !== undefined) return given;
  if (config.kubeconfig === undefined && config['leader-elect'])
    throw new ConfigError(
      "--pod-name (INFLUXADDON_POD_NAME) is needed in a cluster: set it from the pod's own name (valueFrom.fieldRef.fieldPath: metadata.name). Without it, two processes could not tell whose Lease it is.",
    );
  return `${hostname()}_${randomUUID()}`;
}
