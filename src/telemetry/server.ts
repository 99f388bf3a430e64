import { serve, type ServerType } from '@hono/node-server';
import { Hono } from 'hono';

export interface Health {
  /** The process makes progress: otherwise the kubelet restarts it. */
  readonly alive: () => boolean;
  /** What there has to be before requests are led here, as a sentence; undefined once nothing is missing. */
  readonly missing: () => string | undefined;
}

export interface Readiness {
  /** Caches are filled; a standby is ready too. */
  readonly synced: boolean;
  readonly webhookListens: boolean;
  readonly stopping: boolean;
}

/** What a replica lacks. A webhook that cannot be reached lets everything through, so no request is led to one. */
export function missingOf({ synced, webhookListens, stopping }: Readiness): string | undefined {
  if (stopping) return 'stopping';
  if (!synced) return 'caches are not filled yet';
  return webhookListens ? undefined : 'the webhook does not listen yet';
}

export function healthApp({ alive, missing }: Health): Hono {
  const app = new Hono();
  app.get('/healthz', (context) => (alive() ? context.text('ok') : context.text('not making progress', 503)));
  app.get('/readyz', (context) => {
    const lacking = missing();
    return lacking === undefined ? context.text('ok') : context.text(lacking, 503);
  });
  return app;
}

export function metricsApp(render: () => Promise<string>): Hono {
  const app = new Hono();
  app.get('/metrics', async (context) =>
    context.text(await render(), 200, { 'content-type': 'text/plain; version=0.0.4' }),
  );
  return app;
}

/**
 * Listens on all addresses of the pod; resolves once it does. Rejects when the port is taken. Without a host Node takes
 * `::`, which is IPv4 too, and 0.0.0.0 where the kernel has no IPv6: a kubelet asks by the pod's first address, and that
 * may be of either family.
 */
export async function listen(app: Hono, port: number): Promise<{ port: number; close: () => Promise<void> }> {
  const server: ServerType = await new Promise((resolve, reject) => {
    const starting = serve({ fetch: app.fetch, port }, () => resolve(starting));
    starting.once('error', reject);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
