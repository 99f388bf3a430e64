import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PATIENCE_MS } from '../patience.ts';
import { waitFor } from './bed-api.ts';
import { readBed } from './bed.ts';
import { endWithParent } from './component.ts';
import { uniqueName } from './control-plane.ts';
import { type Traces, tracesOf } from './leftovers.ts';

/** A bed whose owner is a process that may be killed. Disposing of it ends the owner. */
export interface OtherBed extends AsyncDisposable {
  name: string;
  /** Taken while it ran. */
  traces: Traces;
  /** Ends the owner by SIGKILL and waits until it is gone. */
  kill(): Promise<void>;
}

/** @param flags of the command that serves a bed, for example `--control-plane` */
export async function bedOfAnotherProcess(...flags: string[]): Promise<OtherBed> {
  const name = `other-${uniqueName()}`;
  const cli = join(import.meta.dirname, 'cli.ts');
  const args = [cli, 'serve', '--name', name, ...flags];
  const child = spawn(...endWithParent(process.execPath, args), { stdio: 'inherit' });
  const ended = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  try {
    const state = await waitFor(
      `bed ${name}`,
      async () => {
        const bed = await readBed(name);
        return bed?.server !== undefined && bed;
      },
      { timeoutMs: PATIENCE_MS, signal: failOn(ended) },
    );
    return { name, traces: await tracesOf(state), kill, [Symbol.asyncDispose]: kill };
  } catch (error) {
    await kill();
    throw error;
  }
}

/** The process that waits for the end of the bed's owner. */
export async function caretakerOf(name: string): Promise<number> {
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (args.includes('influxaddon-caretaker') && args.includes(name)) return Number(pid);
  }
  throw new Error(`bed ${name} has no caretaker`);
}

function failOn(ended: Promise<unknown>): AbortSignal {
  const abort = new AbortController();
  const fail = (): void => abort.abort(new Error('its owner ended'));
  ended.then(fail, fail);
  return abort.signal;
}
