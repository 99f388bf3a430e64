import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { JobError } from './job/job-error.ts';

/** How a command of the engine's container ended. */
export interface EngineAnswer {
  readonly code: number;
  /** What the tool printed; names of databases and shards, no secrets. */
  readonly log: string;
}

const POLL_MS = 20;
/** Looks for an end between two at the log. */
const LOG_EVERY = 50;
const HEARTBEAT_MS = 2_000;

/** The engine's container of the Job's pod: commands go there as files (see backup/engine-script.ts). */
export class Engine {
  readonly #handoff: string;
  readonly #signal: AbortSignal;
  #commands = 0;

  constructor(handoff: string, signal: AbortSignal) {
    this.#handoff = handoff;
    this.#signal = signal;
  }

  /**
   * Waits for its end.
   * @param watch called with what the tool has printed so far; what it throws ends the wait
   * @throws JobError, or the signal's reason
   */
  async command(words: readonly string[], watch: (log: string) => void = () => {}): Promise<EngineAnswer> {
    this.#commands += 1;
    const name = String(this.#commands);
    const todo = join(this.#handoff, `todo-${name}`);
    await writeFile(`${todo}.new`, `${[...words, '', ''].join('\n')}\n`);
    await rename(`${todo}.new`, todo);
    for (let looks = 0; ; looks += 1) {
      const code = await text(join(this.#handoff, `done-${name}`));
      const log = async () => (await text(join(this.#handoff, `log-${name}`))) ?? '';
      if (code !== undefined) return { code: Number(code), log: await log() };
      if (looks % LOG_EVERY === 0) watch(await log());
      await sleep(POLL_MS, undefined, { signal: this.#signal });
    }
  }

  /** Throws when the server that `serve` started has ended by itself. */
  async assertServing(): Promise<void> {
    const code = await text(join(this.#handoff, 'server-ended'));
    if (code === undefined) return;
    const log = (await text(join(this.#handoff, 'server-log'))) ?? '';
    const last = log.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
    throw engineFailed(Number(code), `The engine ended with code ${code.trim()}: ${last}`);
  }
}

/** One that a signal has ended, as the kernel does where memory is short, may do better the next time. */
export function engineFailed(code: number, message: string): JobError {
  return new JobError('EngineFailed', message, { retryable: code > 128 });
}

/** Tells the other container, until it is disposed of, that there is somebody who may still want something. */
export function keepEngineWaiting(handoff: string): Disposable {
  let beats = 0;
  const beat = (): void => {
    beats += 1;
    // A full disk is found out by whoever needs it.
    writeFile(join(handoff, 'alive'), `${beats}\n`).catch(() => {});
  };
  beat();
  const timer = setInterval(beat, HEARTBEAT_MS);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
    },
  };
}

/** Lets the other container end, so that the pod can; whether it was ever told anything or not. */
export async function dismissEngine(handoff: string): Promise<void> {
  let next = 1;
  while ((await text(join(handoff, `done-${next}`))) !== undefined) next += 1;
  // One that is at work does it next; it may not be told twice about the same number.
  if ((await text(join(handoff, `todo-${next}`))) !== undefined) next += 1;
  const todo = join(handoff, `todo-${next}`);
  await writeFile(`${todo}.new`, 'quit\n\n\n');
  await rename(`${todo}.new`, todo);
}

async function text(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
