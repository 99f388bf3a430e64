import type { IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { may } from './authorize.ts';
import { debugVars } from './debug-vars.ts';
import { parseLines, store } from './line-protocol.ts';
import { runQuery } from './query.ts';
import type { EngineState, User } from './state.ts';

export interface HttpRequest {
  method: string;
  url: URL;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

export interface HttpAnswer {
  status: number;
  headers?: Record<string, string>;
  /** An object is sent as JSON. */
  body?: object | string;
  user?: string;
  statements?: string[];
  unknown?: string[];
}

export interface ServerSettings {
  version: string;
  /** The environment of influxd, as in the pod. */
  env: Record<string, string>;
}

/** One request to InfluxDB 1.x: what is stored changes, the answer is what the real server says. */
export function answer(state: EngineState, settings: ServerSettings, request: HttpRequest): HttpAnswer {
  const { method, url } = request;
  const route = `${method === 'HEAD' ? 'GET' : method} ${url.pathname}`;
  const pingProtected = settings.env['INFLUXDB_HTTP_PING_AUTH_ENABLED'] === 'true';
  if (route === 'GET /ping' && !pingProtected) {
    return ping(settings, url);
  }
  if (route === 'GET /health' && !/^1\.[0-7]\./.test(settings.version)) {
    const { version } = settings;
    return {
      status: 200,
      body: {
        checks: [],
        message: 'ready for queries and writes',
        name: 'influxdb',
        status: 'pass',
        version,
      },
    };
  }
  if (route === 'GET /debug/vars' && !protectsDebug(settings)) {
    return { status: 200, body: debugVars(state) };
  }
  if (!['GET /ping', 'GET /query', 'POST /query', 'POST /write', 'GET /debug/vars'].includes(route)) {
    return {
      status: 404,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: '404 page not found\n',
    };
  }
  const authenticated = settings.env['INFLUXDB_HTTP_AUTH_ENABLED'] === 'true';
  const user =
    authenticated && [...state.users.values()].some(({ admin }) => admin)
      ? authenticate(state, settings, request)
      : undefined;
  if (typeof user === 'string') {
    return { ...failure(401, user), headers: { 'www-authenticate': 'Basic realm="InfluxDB"' } };
  }
  const asked = { ...(user && { user: user.name }) };
  if (route === 'GET /ping') {
    return { ...ping(settings, url), ...asked };
  }
  if (route === 'GET /debug/vars') {
    return user === undefined || user.admin
      ? { status: 200, body: debugVars(state), ...asked }
      : { ...failure(403, 'error authorizing admin access'), ...asked };
  }
  const rights = { user, authenticated };
  return {
    ...(route === 'POST /write' ? write(state, settings, request, rights) : query(state, request, rights)),
    ...asked,
  };
}

/** Authentication of profiles covers /debug/vars, where there is one: from 1.7 on, and with profiles switched on. */
function protectsDebug({ env, version }: ServerSettings): boolean {
  const on = (name: string) => env[`INFLUXDB_HTTP_${name}`] === 'true';
  return on('AUTH_ENABLED') && on('PPROF_ENABLED') && on('PPROF_AUTH_ENABLED') && !version.startsWith('1.6');
}

export const failure = (status: number, error: string): HttpAnswer => ({
  status,
  headers: status === 401 ? {} : { 'x-influxdb-error': headerText(error) },
  body: { error },
});

/** A header holds bytes: the server sends its UTF-8 as it is, without line ends and outer space. */
const headerText = (text: string): string =>
  Buffer.from(text.slice(0, 1024).replaceAll('\n', ' ').trim()).toString('latin1');

function ping({ version }: ServerSettings, url: URL): HttpAnswer {
  return ['', '0', 'false'].includes(url.searchParams.get('verbose') ?? '')
    ? { status: 204 }
    : { status: 200, body: { version } };
}

/** The user, or why there is none. Credentials in the address win over those in the header. */
function authenticate(
  state: EngineState,
  { version }: ServerSettings,
  { url, headers }: HttpRequest,
): User | string {
  const [name, password] = [url.searchParams.get('u'), url.searchParams.get('p')];
  const [scheme = '', text = ''] = (headers.authorization ?? '').split(' ');
  const decoded =
    scheme.toLowerCase() === 'basic'
      ? Buffer.from(text, 'base64').toString()
      : scheme === 'Token' && !version.startsWith('1.6')
        ? text
        : '';
  const pair =
    name && password
      ? [name, password]
      : decoded.includes(':')
        ? [decoded.slice(0, decoded.indexOf(':')), decoded.slice(decoded.indexOf(':') + 1)]
        : undefined;
  if (scheme === 'Bearer' && !(name && password)) {
    // Spelt so up to 1.7.
    return /^1\.[0-7]\./.test(version) ? 'bearer auth disabld' : 'bearer auth disabled';
  }
  if (!pair) {
    return 'unable to parse authentication credentials';
  }
  if (pair[0] === '') {
    return 'username required';
  }
  const user = state.users.get(pair[0] ?? '');
  return user && user.password === pair[1] ? user : 'authorization failed';
}

interface Rights {
  user: User | undefined;
  authenticated: boolean;
}

function query(
  state: EngineState,
  { method, url, headers, body }: HttpRequest,
  { user, authenticated }: Rights,
): HttpAnswer {
  const form = new URLSearchParams(
    (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded') ? body.toString() : '',
  );
  const field = (name: string): string => form.get(name) ?? url.searchParams.get(name) ?? '';
  if (field('q').trim() === '') {
    return failure(400, 'missing required parameter "q"');
  }
  const result = runQuery(state, {
    text: field('q'),
    database: field('db'),
    policy: field('rp'),
    epoch: field('epoch').trim(),
    readOnly: method === 'GET',
    now: nanosecondsNow(),
    authenticated,
    ...(user && { user }),
  });
  const { status, statements, unknown } = result;
  const refused =
    result.body.error === undefined ? { status, body: result.body } : failure(status, result.body.error);
  return { ...refused, statements, unknown };
}

function write(
  state: EngineState,
  { env }: ServerSettings,
  { url, headers, body }: HttpRequest,
  { user, authenticated }: Rights,
): HttpAnswer {
  const name = url.searchParams.get('db') ?? '';
  if (name === '') {
    return failure(400, 'database is required');
  }
  const database = state.databases.get(name);
  if (!database) {
    return failure(404, `database not found: ${JSON.stringify(name)}`);
  }
  if (authenticated && !user) {
    return failure(403, `user is required to write to database ${JSON.stringify(name)}`);
  }
  if (authenticated && user && !may(user, 'WRITE', name)) {
    return failure(
      403,
      `${JSON.stringify(user.name)} user is not authorized to write to database ${JSON.stringify(name)}`,
    );
  }
  const limit = Number(env['INFLUXDB_HTTP_MAX_BODY_SIZE'] ?? 25_000_000);
  const lines = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  if (limit > 0 && lines.length > limit) {
    return failure(413, 'Request Entity Too Large');
  }
  const parsed = parseLines(lines.toString(), url.searchParams.get('precision') ?? 'n', nanosecondsNow());
  const unreadable = parsed.errors.join('\n');
  if (parsed.points.length === 0) {
    return unreadable ? failure(400, unreadable) : { status: 204 };
  }
  const policy = url.searchParams.get('rp') || database.defaultPolicy;
  const target = database.policies.find(({ name: other }) => other === policy);
  if (!target) {
    return failure(500, `retention policy not found: ${policy}`);
  }
  const { dropped, reason } = store(database, target, parsed.points);
  if (dropped > 0 || unreadable) {
    return failure(400, `partial write: ${reason || unreadable} dropped=${dropped}`);
  }
  return { status: 204 };
}

const nanosecondsNow = (): bigint => BigInt(Date.now()) * 1_000_000n;

/**
 * What the bootstrap's init container does: statements with authentication off, one by one.
 * A failed statement is the answer; the ones before it have been done.
 */
export function runWithoutAuthentication(state: EngineState, text: string): string | undefined {
  const common = {
    database: '',
    policy: '',
    epoch: '',
    readOnly: false,
    authenticated: false,
    now: nanosecondsNow(),
  };
  for (const line of text.split('\n').filter((part) => part.trim() !== '')) {
    const { body } = runQuery(state, { ...common, text: line });
    const error = body.error ?? body.results?.find((result) => result.error)?.error;
    if (error !== undefined) {
      return error;
    }
  }
  return undefined;
}
