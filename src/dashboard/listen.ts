import { serve, type ServerType } from '@hono/node-server';
import type { Hono } from 'hono';

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Listens on loopback, and nowhere else: on another address everybody on the network could try tokens.
 * @param app is made once the port is known, since it answers to that address only
 * @throws Error when the port is taken
 */
export async function listen(wanted: number, app: (port: number) => Hono): Promise<Listening> {
  let answering: Hono | undefined;
  const server: ServerType = await new Promise((resolve, reject) => {
    const fetch = (request: Request) => answering?.fetch(request) ?? new Response(null, { status: 503 });
    const starting = serve({ fetch, port: wanted, hostname: '127.0.0.1' }, () => resolve(starting));
    starting.once('error', reject);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : wanted;
  answering = app(port);
  return {
    port,
    close: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
    },
  };
}
