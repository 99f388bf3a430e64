import type { Credentials } from '../kube/api/credentials.ts';
import type { Logger } from '../kube/log.ts';
import { listen } from '../telemetry/server.ts';
import { VERSION } from '../version.ts';

export interface DashboardSettings {
  readonly port: number;
  readonly hosts: readonly string[];
  /** Of the operator: where the API server is, and whom to believe that it is. Nothing else of it is used. */
  readonly credentials: Credentials;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Serves the page for visitors who have a token of their own. Loaded only where it is wanted: an operator without it
 * holds none of this in memory. Rejects when the port is taken, or this build has no page.
 */
export async function serveVisitors(settings: DashboardSettings): Promise<{ close: () => Promise<void> }> {
  const { port, hosts, credentials, log, signal } = settings;
  const [{ BUILT_PAGE }, { sharedDashboard }, { TOOL, visitorOf }, { clusterOf }] = await Promise.all([
    import('../dashboard/built-page.ts'),
    import('../dashboard/shared.ts'),
    import('../cli/page/tool.ts'),
    import('../cli/cluster.ts'),
  ]);
  if (BUILT_PAGE === undefined) throw new Error('--dashboard-port: this build has no page in it');
  const app = sharedDashboard({
    hosts,
    page: BUILT_PAGE,
    tool: TOOL,
    version: VERSION,
    signal,
    note: (line) => log.warn({ line }, 'the dashboard'),
    connect: (token) => {
      const cluster = clusterOf(credentialsOf(credentials, token), `influxaddon-dashboard/${VERSION}`);
      return { ...visitorOf(cluster), close: () => cluster.close() };
    },
  });
  const { close } = await listen(app, port);
  log.info({ port, hosts: hosts.join(' ') }, 'the dashboard listens');
  return { close };
}

/** A visitor's, in the place of ours. */
export function credentialsOf({ server, ca, insecure }: Credentials, token: string): Credentials {
  return {
    server,
    namespace: 'default',
    token,
    ...(ca === undefined ? {} : { ca }),
    ...(insecure === undefined ? {} : { insecure }),
  };
}
