import { buildPage } from '../../build/dashboard-page.ts';
import { connect } from '../../src/cli/cluster.ts';
import { Given } from '../../src/cli/command/given-options.ts';
import { TOOL, visitorOf } from '../../src/cli/page/tool.ts';
import { EventParser } from '../../src/dashboard/page/sse.ts';
import { serveDashboard } from '../../src/dashboard/serve.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The server of the page as `kubectl influx dashboard` runs it, for one kubeconfig, and a client of it. */
export interface RunningDashboard extends AsyncDisposable {
  readonly address: string;
  ask(path: string, body?: unknown): Promise<Answer>;
  /** Runs a verb for an addon. */
  edit(addon: string, verb: string, words?: string[], options?: Record<string, unknown>): Promise<Answer>;
  /** The first message of a stream of that name that is as described. */
  message<T>(path: string, name: string, is?: (data: T) => boolean): Promise<T>;
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
  const { origin, hash } = new URL(served.address);
  const authorization = `Bearer ${hash.replace('#token=', '')}`;

  const ask = async (path: string, body?: unknown): Promise<Answer> => {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const headers = { authorization, 'content-type': 'application/json' };
    const answer = await fetch(`${origin}${path}`, { ...init, headers });
    return { status: answer.status, body: await answer.json() };
  };
  return {
    address: served.address,
    ask,
    edit: (addon, verb, words = [], options = {}) =>
      ask(`/api/addons/${namespace}/${addon}/do`, { verb, arguments: words, options }),
    message: async <T>(path: string, name: string, is: (data: T) => boolean = () => true) => {
      const end = new AbortController();
      const answer = await fetch(`${origin}${path}`, { headers: { authorization }, signal: end.signal });
      const parser = new EventParser();
      const decoder = new TextDecoder();
      try {
        for await (const chunk of answer.body ?? [])
          for (const event of parser.take(decoder.decode(chunk, { stream: true }))) {
            const data = JSON.parse(event.data) as T;
            if (event.name === name && is(data)) return data;
          }
      } finally {
        end.abort();
      }
      throw new Error(`the stream ${path} ended without ${name}`);
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await served.close();
      await cluster.close();
    },
  };
}
