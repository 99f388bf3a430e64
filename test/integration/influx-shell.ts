import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { influxBinaries, type InfluxVersion } from '../cluster/images/influxdb.ts';
import { run } from '../cluster/run-command.ts';

/** What the script may call: see bootstrapScript. */
const PROGRAMS = ['cat', 'ls', 'mkdir', 'mv', 'rm', 'sleep'];

/**
 * A shell whose script finds a stand-in first for every program: it notes arguments and environment and goes on as
 * the program itself. So everything is seen that others on the node could see, however short it lasts.
 */
export class SpiedShell {
  readonly path: string;
  readonly #notes: string;

  private constructor(path: string, notes: string) {
    this.path = path;
    this.#notes = notes;
  }

  static async in(dir: string, version: InfluxVersion): Promise<SpiedShell> {
    const folder = join(dir, 'spied');
    await mkdir(folder);
    const notes = join(dir, 'notes');
    const { influxd } = await influxBinaries(version);
    const real = Object.fromEntries(
      ['influxd', 'influx'].map((name) => [name, join(dirname(influxd), name)]),
    );
    for (const name of PROGRAMS) real[name] = (await run('which', [name])).trim();
    for (const [name, program] of Object.entries(real)) {
      await script(join(folder, name), `${note(name, notes)}\nexec '${program}' "$@"`);
    }
    const shell = join(dir, 'spied-sh');
    await script(shell, `PATH='${folder}':$PATH\n${note('sh', notes)}\nexec sh "$@"`);
    return new SpiedShell(shell, notes);
  }

  /** Per program that was called a line with its name, then its arguments and its environment, a line each. */
  async seen(): Promise<string> {
    return readFile(this.#notes, 'utf8');
  }
}

/** In one write: several programs run at once. */
function note(name: string, notes: string): string {
  return `noted=$(printf '%s\\n' 'program ${name}' "$@"; /usr/bin/env)\nprintf '%s\\n' "$noted" >>'${notes}'`;
}

async function script(path: string, text: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
}
