import { octetsOf } from './ip-address.ts';

/** By what a server may be called. */
export interface ServerNames {
  /** Lower case, the preferred one first. */
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/**
 * Every name that a Service has inside the cluster, the one that is in connection URLs first, those of a tunnel
 * (`kubectl port-forward`, a program in the same pod), and what else the database is called from outside: host names
 * and addresses of a load balancer.
 *
 * @param extra host names or IP addresses; empty ones and repetitions are left out
 */
export function serviceNames(
  service: string,
  namespace: string,
  clusterDomain: string,
  extra: readonly string[] = [],
): ServerNames {
  const inside = [
    serviceHost(service, namespace, clusterDomain),
    `${service}.${namespace}.svc`,
    `${service}.${namespace}`,
    service,
  ];
  const others = extra.map(bare).filter((name) => name !== '');
  return {
    dnsNames: [
      ...new Set(
        [...inside, 'localhost', ...others.filter((name) => octetsOf(name) === undefined)].map(bare),
      ),
    ],
    ipAddresses: [...new Set(['127.0.0.1', '::1', ...others.filter((name) => octetsOf(name) !== undefined)])],
  };
}

/** The host in connection URLs: the one name that a certificate of a user's own has to be for. */
export function serviceHost(service: string, namespace: string, clusterDomain: string): string {
  return bare(`${service}.${namespace}.svc.${clusterDomain}`);
}

/** Names in certificates are compared in lower case and have no dot at the end. */
function bare(name: string): string {
  return name.trim().toLowerCase().replace(/\.$/, '');
}
