import { buildPage } from '../../build/dashboard-page.ts';
import { connect } from '../../src/cli/cluster.ts';
import { Given } from '../../src/cli/command/given-options.ts';
import { TOOL, visitorOf } from '../../src/cli/page/tool.ts';
import { serveDashboard } from '../../src/dashboard/serve.ts';
import { type Answer, DashboardClient } from '../dashboard-client.ts';

/** The server of the page as `kubectl influx dashboard` runs it, for one kubeconfig. */
export interface RunningDashboard extends AsyncDisposable {
  readonly address: string;
  readonly client: DashboardClient;
  /** Runs a verb for an addon. */
  edit(addon: string, verb: string, words?: string[], options?: Record<string, unknown>): Promise<Answer>;
}

/** @param namespace of the addons that `edit` is about, and where the list begins */
export async function startDashboard(kubeconfig: string, namespace: string): Promise<RunningDashboard> {
  const stop = new AbortController();
  const cluster = await connect(new Given({ kubeconfig, namespace }, []), {});
  const served = await serveDashboard({
    port: 0,
    page: (await buildPage()).files,
    visitor: visitorOf(cluster),
    tool: TOOL,
    namespace,
    version: 'test',
    signal: stop.signal,
    note: (line) => {
      throw new Error(line);
    },
  });
  const client = new DashboardClient(served.address);
  return {
    address: served.address,
    client,
    edit: (addon, verb, words = [], options = {}) =>
      client.ask(`/api/addons/${namespace}/${addon}/do`, { verb, arguments: words, options }),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await served.close();
      await cluster.close();
    },
  };
}
