import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { type SSEStreamingApi, streamSSE, stream } from 'hono/streaming';
import { InfluxPlan } from '../api/kinds.ts';
import { ApiError } from '../kube/api/api-error.ts';
import { pathOf, Pod } from '../kube/objects/kinds.ts';
import { childNames } from '../addon/world/names.ts';
import { streamAddon } from './stream/addon.ts';
import type { PageFiles } from './built-page.ts';
import { Past } from './numbers/past.ts';
import { streamNumbers } from './numbers/stream.ts';
import { planLines } from './shown/catalogue.ts';
import { commandOf } from './command.ts';
import { type Door, HEADERS, isName, rejection } from './guard.ts';
import { type Send, streamList } from './stream/list.ts';
import { type AddonKey, Refused, type Tool, type Visitor } from './visitor.ts';
import { reasonOf } from './stream/watching.ts';
import type { Start } from './wire.ts';

export interface DashboardOptions {
  readonly door: Door;
  readonly page: PageFiles;
  readonly visitor: Visitor;
  readonly tool: Tool;
  /** Where the list begins; empty for all namespaces. */
  readonly namespace: string;
  readonly version: string;
  /** Ends streams. */
  readonly signal: AbortSignal;
  /** Told what went wrong here, which no visitor is told. */
  readonly note: (line: string) => void;
}

const MAX_BODY_BYTES = 64 * 1024;
/** A connection that says nothing for long is taken for dead by what lies between. */
const HEARTBEAT_MS = 20_000;

/** The page and its small API. Everything is asked of the API server with the visitor's rights. */
export function dashboardApp(options: DashboardOptions): Hono {
  const { door, page, visitor, tool, version } = options;
  const app = new Hono();
  const past = new Past();

  app.use(async (context, next) => {
    const { method, path } = context.req;
    const why = rejection({ method, path, header: (name) => context.req.header(name) }, door);
    if (why !== undefined) context.res = context.json({ error: why.why }, why.status);
    else await next();
    for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
  });
  app.onError((error) => {
    const { status, message } = refusalOf(error);
    if (status === 500) options.note(String(error));
    const headers = { ...HEADERS, 'content-type': 'application/json' };
    return new Response(JSON.stringify({ error: message }), { status, headers });
  });
  app.notFound((context) => context.json({ error: 'there is nothing here' }, 404));

  pageRoutes(app, page);

  app.get('/api/start', (context) => {
    const start: Start = { version, namespace: options.namespace };
    return context.json(start);
  });
  app.get('/api/catalogue', async (context) => {
    const { items } = await visitor.client.list(InfluxPlan, {}, context.req.raw.signal);
    return context.json({ plans: planLines(items) });
  });
  app.get('/api/addons/stream', (context) => {
    const namespace = context.req.query('namespace') ?? '';
    if (namespace !== '' && !isName(namespace)) throw new Refused(400, 'that is no name of a namespace');
    return events(context, options, (send, signal) => streamList(visitor, namespace, send, signal));
  });
  app.get('/api/addons/:namespace/:name/stream', (context) => {
    const key = keyIn(context);
    return events(context, options, (send, signal) => streamAddon(visitor, key, tool, send, signal));
  });
  app.get('/api/addons/:namespace/:name/numbers', (context) => {
    const key = keyIn(context);
    return events(context, options, (send, signal) => streamNumbers({ visitor, key, past }, send, signal));
  });
  app.get('/api/addons/:namespace/:name/url', async (context) =>
    context.json({ url: await tool.url(visitor, keyIn(context)) }),
  );
  app.get('/api/addons/:namespace/:name/logs', (context) => logs(context, options));
  app.post(
    '/api/addons/:namespace/:name/do',
    bodyLimit({ maxSize: MAX_BODY_BYTES, onError: () => refuse(413, 'that is too much') }),
    async (context) => {
      const command = commandOf(await context.req.text(), context.req.header('content-type'));
      return context.json(await tool.run(visitor, keyIn(context), command, context.req.raw.signal));
    },
  );
  return app;
}

/** The files of the page: the same for everybody, with nothing of the cluster in them. */
export function pageRoutes(app: Hono, page: PageFiles): void {
  for (const [path, { type, text }] of Object.entries(page))
    app.get(path, (context) => context.body(text, 200, { 'content-type': type }));
}

function keyIn(context: Context): AddonKey {
  const { namespace = '', name = '' } = context.req.param() as Partial<AddonKey>;
  if (!isName(namespace) || !isName(name)) throw new Refused(400, 'that is no name of an addon');
  return { namespace, name };
}

/** Server-sent events of what `run` sends, until the browser or the server has enough. */
function events<Messages>(
  context: Context,
  { signal: ending }: DashboardOptions,
  run: (send: Send<Messages>, signal: AbortSignal) => Promise<void>,
): Response {
  return streamSSE(context, async (out: SSEStreamingApi) => {
    const gone = new AbortController();
    out.onAbort(() => gone.abort());
    const signal = AbortSignal.any([gone.signal, ending]);
    const beat = setInterval(() => void out.write(': still there\n\n'), HEARTBEAT_MS);
    try {
      await run(async (name, data) => {
        await out.writeSSE({ event: String(name), data: JSON.stringify(data) });
      }, signal);
    } finally {
      clearInterval(beat);
      gone.abort();
    }
  });
}

/** What the engine logs: the last lines, and then what comes. */
function logs(context: Context, { visitor, signal: ending }: DashboardOptions): Response {
  const { namespace, name } = keyIn(context);
  const path = pathOf(Pod, { namespace, name: childNames(name).pod }, 'log');
  const query = { container: 'influxdb', tailLines: '200', follow: 'true', timestamps: 'true' };
  context.header('content-type', 'text/plain; charset=utf-8');
  return stream(context, async (out) => {
    const gone = new AbortController();
    out.onAbort(() => gone.abort());
    const signal = AbortSignal.any([gone.signal, ending]);
    try {
      for await (const chunk of visitor.text(path, query, signal)) await out.write(chunk);
    } catch (error) {
      if (!signal.aborted) await out.write(`\n(${reasonOf(error)})\n`);
    }
  });
}

function refuse(status: number, message: string): never {
  throw new Refused(status, message);
}

/** Whoever is at fault: the words for the visitor, who may see what the API server said. */
function refusalOf(error: unknown): { status: number; message: string } {
  if (error instanceof Refused) return { status: error.status, message: error.message };
  const { code } = ApiError.from(error);
  if (error instanceof ApiError) return { status: code >= 400 ? code : 502, message: reasonOf(error) };
  return { status: 500, message: 'the server of this page failed; its terminal says more' };
}
