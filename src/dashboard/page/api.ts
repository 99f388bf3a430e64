import { signal } from '@preact/signals';
import type { Command, Outcome, Refusal } from '../wire.ts';
import { EventParser } from './sse.ts';

// The page's one way out: requests to its own server, each with the token.

const TOKEN = 'influx-dashboard-token';
const RETRY_MS = { least: 500, most: 10_000 };

export type Connection = 'Connecting' | 'Live' | 'Lost';
export const connection = signal<Connection>('Connecting');
/** The server does not know this page's token. */
export const locked = signal(false);

/** Takes the token out of the address, where it would be seen and copied along. A reload still has it. */
export function takeToken(): void {
  const given = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
  if (given === undefined) return;
  sessionStorage.setItem(TOKEN, given);
  history.replaceState(null, '', '/#/');
}

/** Whether everybody logs in with a token of their own, rather than by an address that has one in it. */
export function asksForToken(): boolean {
  return document.documentElement.dataset['login'] === 'token';
}

/** Kept as long as the tab is open. */
export function logIn(token: string): void {
  sessionStorage.setItem(TOKEN, token);
  location.reload();
}

/** Asks the server. Rejects with an Error for people. */
export async function ask<T>(path: string, body?: unknown): Promise<T> {
  const answer = await send(path, body).catch(() => {
    throw new Error('the server of this page does not answer: was it ended in its terminal?');
  });
  const value: unknown = await answer.json().catch(() => undefined);
  if (answer.ok) return value as T;
  const { error = `the server said ${answer.status}` } = (value ?? {}) as Partial<Refusal>;
  throw new Error(error);
}

/** Runs a verb of the command line tool for an addon. */
export async function perform(
  addon: { namespace: string; name: string },
  command: Command,
): Promise<Outcome> {
  return await ask(`/api/addons/${addon.namespace}/${addon.name}/do`, command);
}

/**
 * Messages of a stream, which is asked for again when it breaks off, until `stop` is called. Not while nobody looks: a
 * browser has six connections for all its tabs of a server.
 */
export function follow<Messages extends object>(
  path: string,
  on: { readonly [Name in keyof Messages]: (data: Messages[Name]) => void },
): () => void {
  const stop = new AbortController();
  const take = (events: ReturnType<EventParser['take']>): void => {
    connection.value = 'Live';
    for (const { name, data } of events) if (name in on) on[name as keyof Messages](JSON.parse(data));
  };
  void (async () => {
    let wait = RETRY_MS.least;
    while (!stop.signal.aborted) {
      await untilSeen(stop.signal);
      using hidden = new Hidden();
      const came = await read(path, AbortSignal.any([stop.signal, hidden.signal]), take);
      if (stop.signal.aborted || hidden.signal.aborted) continue;
      connection.value = 'Lost';
      wait = came ? RETRY_MS.least : Math.min(wait * 2, RETRY_MS.most);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  })();
  return () => stop.abort();
}

/** A signal that is aborted when the page is hidden behind another tab. */
class Hidden implements Disposable {
  readonly #controller = new AbortController();
  readonly #look = (): void => {
    if (document.hidden) this.#controller.abort();
  };

  constructor() {
    document.addEventListener('visibilitychange', this.#look);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    document.removeEventListener('visibilitychange', this.#look);
  }
}

function untilSeen(stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    const look = (): void => {
      if (!document.hidden || stopped.aborted) done();
    };
    document.addEventListener('visibilitychange', look);
    stopped.addEventListener('abort', done, { once: true });
    look();
  });
}

/** Text of a path as it comes. Rejects with an Error for people. */
export async function readText(
  path: string,
  signal: AbortSignal,
  take: (text: string) => void,
): Promise<void> {
  const answer = await send(path, undefined, signal);
  if (!answer.ok) throw new Error(((await answer.json()) as Refusal).error);
  for await (const text of pieces(answer)) take(text);
}

/** Whether anything came. */
async function read(
  path: string,
  signal: AbortSignal,
  take: (events: ReturnType<EventParser['take']>) => void,
): Promise<boolean> {
  const parser = new EventParser();
  let came = false;
  try {
    const answer = await send(path, undefined, signal);
    if (!answer.ok) return false;
    for await (const text of pieces(answer)) {
      came = true;
      take(parser.take(text));
    }
  } catch {
    // Broken off, or stopped: the caller knows which.
  }
  return came;
}

async function* pieces({ body }: Response): AsyncGenerator<string> {
  if (body === null) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

async function send(path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = {
    authorization: `Bearer ${sessionStorage.getItem(TOKEN) ?? 'none'}`,
  };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const answer = await fetch(path, {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  locked.value = answer.status === 401;
  return answer;
}
