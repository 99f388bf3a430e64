import { createHash, timingSafeEqual } from 'node:crypto';

/*
 * Who is let in. The page is served on loopback, where every process of the machine and every page of the browser can
 * send requests to: what they cannot do is know the token, or take the answers.
 */

/** Of a request, what decides about it; names of headers in lower case. */
export interface Knock {
  readonly method: string;
  readonly path: string;
  readonly header: (name: string) => string | undefined;
}

export interface Door {
  /** `127.0.0.1:8080`: what a browser that was led here says in Host. */
  readonly hosts: readonly string[];
  /** Of the address in the browser; both where something before us may end TLS. */
  readonly schemes: readonly ('http' | 'https')[];
  /** Undefined where every visitor has one of their own, which somebody else judges. */
  readonly token: string | undefined;
}

export interface Rejection {
  readonly status: 400 | 401 | 403 | 421;
  readonly why: string;
}

/** Why a request is not answered; undefined when it is. Pure. */
export function rejection(knock: Knock, door: Door): Rejection | undefined {
  const host = knock.header('host')?.toLowerCase();
  // A name of somebody else's that was made to lead here (DNS rebinding) is another origin, with our answers in it.
  if (host === undefined || !door.hosts.includes(host))
    return { status: 421, why: 'this server is not called so' };
  return foreign(knock, host, door) ?? (knock.path.startsWith('/api/') ? stranger(knock, door) : undefined);
}

/** Browsers say where a request comes from; what is no browser says nothing, and needs the token all the same. */
function foreign({ header, method, path }: Knock, host: string, { schemes }: Door): Rejection | undefined {
  const origin = header('origin');
  if (origin !== undefined && !schemes.some((scheme) => origin === `${scheme}://${host}`))
    return { status: 403, why: 'requests of other pages are not answered' };
  const site = header('sec-fetch-site');
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined;
  // A link that somebody follows to the page itself is welcome: the token is not in it, or the page is theirs to open.
  const opened = method === 'GET' && path === '/' && header('sec-fetch-mode') === 'navigate';
  return opened ? undefined : { status: 403, why: 'requests of other pages are not answered' };
}

function stranger({ header }: Knock, { token }: Door): Rejection | undefined {
  const given = bearerOf(header('authorization'));
  if (given !== undefined && (token === undefined || same(given, token))) return undefined;
  const why =
    token === undefined
      ? 'log in with a token of your own for the API server'
      : 'the address that was printed at the start has the token that is missing here';
  return { status: 401, why };
}

/** The token of an Authorization header. */
export function bearerOf(header: string | undefined): string | undefined {
  return /^Bearer (\S+)$/.exec(header ?? '')?.[1];
}

/** Takes as long for a token that is nearly right as for any other. */
function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** What every answer says, so that a browser holds the page to itself: nothing inline, nothing from elsewhere, no frame. */
export const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
};

/** A DNS label or several: what may stand in a path to the API server. */
export function isName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text);
}
