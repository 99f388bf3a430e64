import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { ApiError } from '../kube/api/api-error.ts';
import type { PageFiles } from './built-page.ts';
import { bearerOf, type Door, HEADERS, rejection } from './guard.ts';
import { dashboardApp, pageRoutes } from './handler.ts';
import { beginning } from './serve.ts';
import type { Tool, Visitor } from './visitor.ts';

export interface SharedOptions {
  /** By which it is reached, with the port where it is not the usual one. */
  readonly hosts: readonly string[];
  readonly page: PageFiles;
  readonly tool: Tool;
  readonly version: string;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
  /** The cluster with this token, and with nothing of our own. */
  readonly connect: (token: string) => ConnectedVisitor;
}

export interface ConnectedVisitor extends Visitor {
  close(): Promise<void>;
}

/**
 * So many visitors are kept; one who comes again after that is asked about anew. And so many are asked about at once:
 * whoever makes tokens up takes nobody's place, but that of others who do.
 */
const MOST_VISITORS = 64;

interface Guest {
  readonly app: Promise<Hono>;
  readonly visitor: ConnectedVisitor;
  /** The API server has taken the token. */
  known: boolean;
}

/**
 * The page for many, each with a token of their own for the API server, which judges everything that is asked for:
 * this process adds no right of its own. What one visitor saw or measured is no other's.
 */
export function sharedDashboard(options: SharedOptions): Hono {
  const { hosts, page, signal, note } = options;
  const door: Door = { hosts, schemes: ['http', 'https'], token: undefined };
  // By a hash of the token: the order is that of use.
  const guests = new Map<string, Guest>();
  signal.addEventListener('abort', () => {
    for (const guest of guests.values()) leave(guest);
  });
  const app = new Hono();
  app.use(async (context, next) => {
    const { method, path } = context.req;
    const why = rejection({ method, path, header: (name) => context.req.header(name) }, door);
    if (why !== undefined) context.res = context.json({ error: why.why }, why.status);
    else await next();
    for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
  });
  pageRoutes(app, withLogin(page));
  app.all('/api/*', async (context) => {
    const token = bearerOf(context.req.header('authorization')) ?? '';
    try {
      return await (await guestOf(token).app).request(context.req.raw);
    } catch (error) {
      const { code, message } = ApiError.from(error);
      if (code === 401)
        return context.json({ error: 'the API server does not take this token (any more)' }, 401);
      note(message);
      return context.json({ error: 'the API server cannot be reached' }, 502);
    }
  });
  return app;

  function guestOf(token: string): Guest {
    const key = createHash('sha256').update(token).digest('base64');
    const before = guests.get(key);
    guests.delete(key);
    const guest = before ?? welcome(key, token);
    guests.set(key, guest);
    makeRoom(false);
    return guest;
  }

  function makeRoom(known: boolean): void {
    const alike = [...guests].filter(([, guest]) => guest.known === known);
    const [oldest] = alike;
    if (alike.length <= MOST_VISITORS || oldest === undefined) return;
    guests.delete(oldest[0]);
    leave(oldest[1]);
  }

  /** One whose token is not taken is not kept. */
  function welcome(key: string, token: string): Guest {
    const { tool, version } = options;
    const visitor = options.connect(token);
    const own = async (): Promise<Hono> => {
      const namespace = await beginning(visitor, signal);
      return dashboardApp({
        door: { ...door, token },
        page: {},
        visitor,
        tool,
        namespace,
        version,
        signal,
        note,
      });
    };
    const opening = own();
    const guest: Guest = { app: opening, visitor, known: false };
    const taken = (): void => {
      guest.known = true;
      makeRoom(true);
    };
    opening.then(taken, () => {
      if (guests.get(key) === guest) guests.delete(key);
      leave(guest);
    });
    return guest;
  }

  function leave({ visitor }: Guest): void {
    visitor.close().catch((error: unknown) => note(String(error)));
  }
}

/** The page asks for a token where this is written in it. */
function withLogin(page: PageFiles): PageFiles {
  const index = page['/'];
  if (index === undefined) return page;
  return { ...page, '/': { ...index, text: index.text.replace('<html ', '<html data-login="token" ') } };
}
