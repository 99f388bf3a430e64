import { createServer, type Server } from 'node:https';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import type { ServedPair } from './certificate.ts';

export interface WebhookServer {
  readonly port: number;
  /** Shown from the next connection on; those that are open go on. */
  show(pair: ServedPair): void;
  close(): Promise<void>;
}

/**
 * Listens on all addresses of the pod, of either family, TLS 1.2 at least; resolves once it does. Rejects when the port
 * is taken.
 */
export async function listenTls(
  app: Hono,
  port: number,
  pair: ServedPair,
  requestsPerConnection = REQUESTS_PER_CONNECTION,
): Promise<WebhookServer> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    createServer,
    serverOptions: { ...contextOf(pair), ...LIMITS },
  }) as Server;
  server.maxConnections = MAX_CONNECTIONS;
  server.maxRequestsPerSocket = requestsPerConnection;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Without a host: `::`, which is IPv4 too, and 0.0.0.0 where the kernel has no IPv6.
    server.listen(port, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    show: (next) => server.setSecureContext(contextOf(next)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // The API server keeps its connections open between requests.
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MS).unref();
      }),
  };
}

/** A minimum has to be said each time: without one, Node's default comes back. */
function contextOf({ cert, key }: ServedPair) {
  return { cert, key, minVersion: 'TLSv1.2' } as const;
}

/** Each may hold one body: that and the limit of a body bound the memory. An API server opens a few. */
const MAX_CONNECTIONS = 128;
/** Otherwise an API server would stay with one replica for as long as it asks often enough. */
const REQUESTS_PER_CONNECTION = 1_000;
/** A review takes milliseconds; the API server itself gives up after 5 s. */
const LAST_ANSWERS_MS = 2_000;
const LIMITS = {
  // Longer than the 90 s after which the API server closes an idle connection: it never sends into one just closed.
  keepAliveTimeout: 120_000,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  handshakeTimeout: 5_000,
};
