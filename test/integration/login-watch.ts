import { setTimeout as delay } from 'node:timers/promises';
import { Pod } from '../../src/kube/objects/kinds.ts';
import { eventually } from './children.ts';
import { secretData } from './database.ts';
import type { OperatorBed } from './operator-bed.ts';

/**
 * Logs in without a break as each pod of an app does, those that are ending too: with the URL that the Secret held when
 * the pod was started. A database that cannot be reached is no refusal.
 */
export class LoginWatch implements AsyncDisposable {
  readonly #bed: OperatorBed;
  readonly #namespace: string;
  readonly #urls = new Map<string, URL>();
  #begun = 0;
  /** The last whole round: which it was, and how many pods of the app it met. */
  #met = { round: 0, pods: 0 };
  #stopped = false;
  #running: Promise<void> = Promise.resolve();
  /** What was answered: `200 my_app_3707` and how often. */
  readonly answers = new Map<string, number>();

  private constructor(bed: OperatorBed, namespace: string) {
    this.#bed = bed;
    this.#namespace = namespace;
  }

  static start(bed: OperatorBed, namespace: string): LoginWatch {
    const watch = new LoginWatch(bed, namespace);
    watch.#running = watch.#run();
    return watch;
  }

  /** Users that were let in, and how often anybody was not. */
  get outcome(): { users: string[]; refused: number } {
    const accepted = [...this.answers.keys()].filter((answer) => answer.startsWith('200 '));
    const refused = [...this.answers].filter(([answer]) => /^40[13] /.test(answer));
    return {
      users: accepted.map((answer) => answer.slice(4)).toSorted(),
      refused: refused.reduce((sum, [, count]) => sum + count, 0),
    };
  }

  /** Waits until a pod was let in as this user. */
  async sees(username: string): Promise<void> {
    await eventually(`an app that logs in as ${username}`, () =>
      Promise.resolve(this.outcome.users.includes(username)),
    );
  }

  /** Waits until a whole round, begun from now on, met one pod of the app: no other, not even an ending one, logs in again. */
  async meetsOne(): Promise<void> {
    const before = this.#begun;
    await eventually('one pod of the app and no other', () =>
      Promise.resolve(this.#met.round > before && this.#met.pods === 1),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      // What cannot be asked or read now is asked again: who waits to see somebody let in is told that it never was.
      await this.#round().catch(() => undefined);
      await delay(20);
    }
  }

  async #round(): Promise<void> {
    const namespace = this.#namespace;
    const round = ++this.#begun;
    const { items } = await this.#bed.client.list(Pod, { namespace });
    const database = items.find(({ metadata }) => metadata.name === 'my-app-influx-0');
    const pods = items.filter(({ metadata }) => metadata.labels?.['app'] === 'web');
    for (const { metadata, status } of pods) {
      if (status?.phase !== 'Running') continue;
      const url = this.#urls.get(metadata.uid) ?? (await this.#read());
      this.#urls.set(metadata.uid, url);
      const answer = await login(url, database?.status?.podIP);
      if (answer !== undefined) this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
    }
    this.#met = { round, pods: pods.length };
  }

  async #read(): Promise<URL> {
    const data = await secretData(this.#bed, this.#namespace, 'my-app-influx');
    return new URL(data['INFLUX_URL'] ?? '');
  }
}

async function login({ username, password }: URL, host = ''): Promise<string | undefined> {
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const body = new URLSearchParams({ q: 'SHOW DATABASES' });
  try {
    const answer = await fetch(`http://${host}:8086/query`, {
      method: 'POST',
      headers: { authorization },
      body,
      signal: AbortSignal.timeout(5_000),
    });
    await answer.text();
    return `${answer.status} ${username}`;
  } catch {
    return undefined;
  }
}
