import { EventParser } from '../src/dashboard/page/sse.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Asks a server of the page as the page does. */
export class DashboardClient {
  readonly #origin: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param address as it was printed, with the token */
  constructor(address: string) {
    const { origin, hash } = new URL(address);
    this.#origin = origin;
    this.#headers = {
      authorization: `Bearer ${hash.replace('#token=', '')}`,
      'content-type': 'application/json',
    };
  }

  async ask(path: string, body?: unknown): Promise<Answer> {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(`${this.#origin}${path}`, { ...init, headers: this.#headers });
    return { status: answer.status, body: await answer.json() };
  }

  /** The first message of a stream that has this name and is as described. */
  async message<T>(path: string, name: string, is: (data: T) => boolean = () => true): Promise<T> {
    const parser = new EventParser();
    for await (const text of this.#pieces(path))
      for (const event of parser.take(text)) {
        const data = JSON.parse(event.data) as T;
        if (event.name === name && is(data)) return data;
      }
    throw new Error(`the stream ${path} ended without such a ${name}`);
  }

  /** Text of a path until it has what is looked for in it. */
  async textUntil(path: string, is: (text: string) => boolean): Promise<string> {
    let text = '';
    for await (const piece of this.#pieces(path)) {
      text += piece;
      if (is(text)) return text;
    }
    throw new Error(`${path} ended with: ${text}`);
  }

  async *#pieces(path: string): AsyncGenerator<string> {
    const end = new AbortController();
    const decoder = new TextDecoder();
    try {
      const answer = await fetch(`${this.#origin}${path}`, { headers: this.#headers, signal: end.signal });
      for await (const chunk of answer.body ?? []) yield decoder.decode(chunk, { stream: true });
    } finally {
      end.abort();
    }
  }
}
