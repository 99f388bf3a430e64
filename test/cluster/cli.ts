import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type BedState, bedsRoot, listBeds, readBed } from './bed.ts';
import { kubectl } from './binaries.ts';
import { startControlPlane } from './control-plane.ts';
import { startNode } from './node.ts';
import { isAlive, isForeign } from './process-identity.ts';
import { sweepDeadBeds } from './teardown.ts';

const usage = `Usage: npm run -s cluster -- COMMAND [--name NAME]

  up           starts a Kubernetes node in the background (--control-plane: without a node, needs no root)
  down         ends it and removes everything it made
  status       lists the beds that run; with --name, fails when that one does not
  kubeconfig   prints the path of its kubeconfig

NAME is "default" where none is given.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: 'string' },
    'control-plane': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const name = values.name ?? 'default';
const logPath = join(bedsRoot(), `.${name}.log`);

const commands: Record<string, () => Promise<number>> = {
  up,
  down,
  status,
  kubeconfig: printKubeconfig,
  // Not for people: the process that owns the bed which `up` leaves running.
  serve,
};

const command = commands[positionals[0] ?? ''];
if (command === undefined || values.help) {
  console.error(usage);
  process.exitCode = values.help ? 0 : 2;
} else {
  process.exitCode = await command().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  });
}

async function up(): Promise<number> {
  await sweepDeadBeds();
  const running = await readBed(name);
  if (running?.server !== undefined) {
    console.log(`${name} runs already.`);
    await howToGoOn(running);
    return 0;
  }
  const begin = performance.now();
  await mkdir(bedsRoot(), { recursive: true });
  const log = openSync(logPath, 'w');
  const args = [
    import.meta.filename,
    'serve',
    '--name',
    name,
    ...(values['control-plane'] ? ['--control-plane'] : []),
  ];
  const owner = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let ended = false;
  owner.once('exit', () => (ended = true));
  let shown = 0;
  for (;;) {
    const text = readFileSync(logPath, 'utf8');
    process.stdout.write(text.slice(shown));
    shown = text.length;
    if (ended) return 1;
    const state = await readBed(name);
    if (state?.server !== undefined && state.owner.pid === owner.pid) {
      console.log(`${name} is ready after ${((performance.now() - begin) / 1000).toFixed(1)} s.`);
      await howToGoOn(state);
      owner.unref();
      return 0;
    }
    await delay(50);
  }
}

async function down(): Promise<number> {
  const state = await readBed(name);
  if (state === undefined) {
    console.log(`${name} does not run.`);
    return 0;
  }
  if (isAlive(state.owner)) {
    if (isForeign(state.owner)) throw new Error(`${name} belongs to a process of another container`);
    process.kill(state.owner.pid, 'SIGTERM');
    for (let round = 0; isAlive(state.owner) && round < 600; round++) await delay(50);
    if (isAlive(state.owner)) process.kill(state.owner.pid, 'SIGKILL');
    while (isAlive(state.owner)) await delay(20);
  }
  await sweepDeadBeds(name);
  if ((await readBed(name)) !== undefined) return 1;
  console.log(`${name} is down.`);
  return 0;
}

async function status(): Promise<number> {
  const beds = (await listBeds()).filter((bed) => values.name === undefined || bed.name === name);
  if (beds.length === 0) console.log('No bed runs.');
  for (const bed of beds) {
    const is = isAlive(bed.owner)
      ? (bed.server ?? 'starting')
      : 'dead, its remains go at the next start or "down"';
    console.log([bed.name, bed.kind, `process ${bed.owner.pid}`, is].join('\t'));
  }
  return values.name === undefined || beds.some((bed) => bed.server !== undefined && isAlive(bed.owner))
    ? 0
    : 1;
}

async function printKubeconfig(): Promise<number> {
  const state = await readBed(name);
  if (state?.kubeconfig === undefined) throw new Error(`${name} does not run: npm run -s cluster -- up`);
  console.log(state.kubeconfig);
  return 0;
}

async function howToGoOn(state: BedState): Promise<void> {
  console.log(`\n  export KUBECONFIG=${state.kubeconfig}\n  ${await kubectl()} get all -A\n`);
}

async function serve(): Promise<number> {
  const end = new Promise<number>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => resolve(0));
  });
  const dead = Promise.withResolvers<number>();
  const options = {
    name,
    say: (line: string) => console.log(line),
    onFailure: (error: Error) => {
      console.error(error.message);
      dead.resolve(1);
    },
  };
  await using _bed = values['control-plane'] ? await startControlPlane(options) : await startNode(options);
  // Nothing else keeps this process: the components end with it, not it with them.
  const alive = setInterval(() => {}, 2 ** 30);
  const code = await Promise.race([end, dead.promise]);
  clearInterval(alive);
  return code;
}
