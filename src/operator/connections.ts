import { MOST_AT_ONCE } from '../addon/decision/groups.ts';

/** For Events, lists and the authority: however much all workers write at once, these find a connection. */
export const LEAST_CONNECTIONS = 16;
/** Each TLS connection costs memory, some 80 KB here and more on the other side. */
const MOST_FOR_GROUPS = 64;

/**
 * Connections to the API server for so many workers; they are made when there is a use for them. One for each request
 * that a worker may have under way: with fewer, a few addons whose writes are slow, because of a webhook of their
 * namespace say, would hold all of them, and the writes of others would wait for one until their deadline. Many workers
 * do not all make children at the same moment: above a number, one for each. Beside those of the workers, a reserve.
 */
export function connectionsFor(workers: number): number {
  return LEAST_CONNECTIONS + Math.max(workers, Math.min(workers * MOST_AT_ONCE, MOST_FOR_GROUPS));
}
