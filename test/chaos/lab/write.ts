import type { InfluxRequest } from '../../../src/influx/transport.ts';
import type { ApiRequest } from '../../../src/kube/api/transport.ts';

/** A change that the operator asks of one of its worlds. */
export interface Write {
  readonly world: 'Kubernetes' | 'InfluxDB';
  /** Without the names that differ from run to run: `PATCH statefulsets/my-app-influx`, `GRANT ALL`. */
  readonly what: string;
}

/** What a request to the Kubernetes API writes; undefined for reads, dry runs, Events and Leases. */
export function kubeWrite({ method, path, query }: ApiRequest): Write | undefined {
  if (method === 'GET' || isEvent(path) || path.includes('/leases')) return undefined;
  if (query?.['dryRun'] !== undefined) return undefined;
  const parts = path.split('/');
  const at = parts.indexOf('namespaces');
  const resource = at >= 0 && parts.length > at + 2 ? parts.slice(at + 2) : parts.slice(-2);
  return { world: 'Kubernetes', what: withoutUids(`${method} ${resource.join('/')}`) };
}

/** Jobs are named by UIDs, and claims of restores by marks made of them: both differ from run to run. */
export function withoutUids(text: string): string {
  return text.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UID').replaceAll(MARK, '-MARK');
}

/** What `mark` of src/backup/schedule.ts puts at the end of a name. */
export const MARK = /-[0-9a-f]{6}(?![^/#~])/g;

export function isEvent(path: string): boolean {
  return /\/events(\/|$)/.test(path);
}

/** What a request to the engine changes; undefined when nothing. */
export function influxWrite({ path, body = '' }: InfluxRequest): Write | undefined {
  if (path === '/write') return { world: 'InfluxDB', what: 'write a point' };
  if (path !== '/query') return undefined;
  const statement = new URLSearchParams(body).get('q') ?? '';
  if (/^\s*(SHOW|SELECT)\b/i.test(statement)) return undefined;
  return { world: 'InfluxDB', what: statement.trim().split(/\s+/).slice(0, 2).join(' ') };
}
