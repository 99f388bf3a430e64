import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from './command/verb.ts';
import { shellPath } from './shell.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shells-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** An `influx` in a folder of its own, which is returned. */
async function installed(name: string, script: string, mode = 0o755): Promise<string> {
  const at = join(folder, name);
  await mkdir(at);
  await writeFile(join(at, 'influx'), `#!/bin/sh\n${script}\n`, { mode });
  return at;
}

function found(folders: string[], askMs?: number): Promise<string | undefined> {
  const path = [...folders, process.env['PATH'] ?? ''].join(delimiter);
  return shellPath({ terminal: { environment: { PATH: path } } as unknown as Context['terminal'] }, askMs);
}

/** Ends the process whose id is in a file, if it came to that. */
async function endOf(file: string): Promise<void> {
  const pid = Number(await readFile(file, 'utf8').catch(() => ''));
  if (pid > 0) process.kill(pid, 'SIGKILL');
}

// As they answer: 2.x knows `version` and no `-version`.
const ONE = '[ "$*" = "-version" ] && echo "InfluxDB shell version: 1.8.10"';
const TWO = `if [ "$1" = version ]; then echo "Influx CLI 2.7.3 (git: 8b962c7e75) build_date: 2023-04-28T14:24:14Z"; exit 0; fi
echo "Incorrect Usage: flag provided but not defined: -version" >&2
exit 1`;

describe('the shell of this machine', () => {
  it('is that of InfluxDB 1.x, and not the client of 2.x, which has its name', async () => {
    const [two, one] = [await installed('two', TWO), await installed('one', ONE)];
    expect(await found([one])).toBe(join(one, 'influx'));
    expect(await found([two, one])).toBe(join(one, 'influx'));
    expect(await found([two])).not.toBe(join(two, 'influx'));
  });

  it.each([
    ['says that it is another one', 'echo "InfluxDB shell version: 2.0.0"'],
    ['fails', 'echo "InfluxDB shell version: 1.8.10"; exit 1'],
    ['is no program', 'exec /not/there'],
  ])('is none that %s', async (_, script) => {
    const at = await installed('it', script);
    expect(await found([at])).not.toBe(join(at, 'influx'));
  });

  it('is none that may not be run', async () => {
    const at = await installed('it', ONE, 0o644);
    expect(await found([at])).not.toBe(join(at, 'influx'));
  });

  it('is none that does not answer, and whatever that has started', async () => {
    const child = join(folder, 'child');
    const at = await installed('it', `sleep 600 & echo $! > '${child}'\nwait`);
    try {
      expect(await found([at], 300)).not.toBe(join(at, 'influx'));
    } finally {
      await endOf(child);
    }
  });
});
