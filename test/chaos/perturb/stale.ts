import { type EventKey, numberedEvents } from '../lab/events.ts';
import type { RunControl } from '../lab/run.ts';
import type { Transport } from '../../../src/kube/api/transport.ts';
import { keyOf, type NumberedWrite, type Perturbation, type Strike } from './perturbation.ts';
import { PastView } from './view.ts';

/**
 * The operator dies after a write, or when all is over, and the next one begins with the world as it was right after
 * an event.
 */
export class StaleAt implements Perturbation {
  readonly seed: string;
  struck = false;
  readonly #event: EventKey;
  readonly #write: string | undefined;
  #dead = false;

  /** `write`: the key of the write after which it dies; undefined for the end. */
  constructor(event: EventKey, write?: string) {
    this.seed = `stale/${event}${write === undefined ? '' : `/${write}`}`;
    this.#event = event;
    this.#write = write;
  }

  strike(write: NumberedWrite): Strike | undefined {
    if (this.#dead || this.#write === undefined || keyOf(write) !== this.#write) return undefined;
    this.#dead = true;
    return { sent: true, answer: 'Lost', crash: true };
  }

  view(inner: Transport, { lab, namespace, actedFrom, log }: RunControl): Transport {
    if (!this.#dead || this.struck) return inner;
    const history = lab.recorder.history(namespace);
    const event = numberedEvents(history, actedFrom).find(({ key }) => key === this.#event);
    if (event === undefined) return inner;
    this.struck = true;
    log.note(`the next operator sees the world as it was at ${this.#event}`);
    return new PastView(inner, namespace, history, event.revision.version);
  }

  async afterwards(control: RunControl): Promise<void> {
    if (this.#write !== undefined) return;
    this.#dead = true;
    await control.restart();
  }
}
