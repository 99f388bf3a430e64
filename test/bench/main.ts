import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../../build/bundle.ts';
import { prepareControlPlane } from '../integration/operator-bed.ts';
import { measureBackups } from './backups.ts';
import { MeasuredProcess } from './process.ts';
import { type Figures, measureDumbWriter, measureOperator } from './rig.ts';

/**
 * Times and costs on the real control plane with etcd's fsync on, the bundled operator and the fake node in processes
 * of their own. `--sizes 1,100,1000` sets how many addons are created at once, `--runs` how often; a median is quoted.
 */
const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1,100' },
    runs: { type: 'string', default: '3' },
    'backup-sizes': { type: 'string', default: '64,256' },
  },
});
const sizes = values.sizes.split(',').map(Number);
const runs = Number(values.runs);
const root = join(import.meta.dirname, '../..');
const say = (line: string) => console.log(`[${(performance.now() / 1000).toFixed(1).padStart(6)} s] ${line}`);

say('bundling the operator');
const outDir = join(root, 'dist');
await bundle({ entry: join(root, 'src/main.ts'), outDir });
const results: { figures: Figures; dumbRate: number }[] = [];
for (const size of sizes) {
  for (let run = 1; run <= runs; run += 1) {
    say(`${size} addons, run ${run} of ${runs}`);
    const { plane, client, close } = await prepareControlPlane({ fsync: true });
    try {
      await using _node = new MeasuredProcess([
        process.execPath,
        join(root, 'test/cluster/fakes/cli.ts'),
        '--kubeconfig',
        plane.kubeconfig,
      ]);
      const figures = await measureOperator(plane, client, outDir, size);
      const dumbRate = size === 1 ? Number.NaN : await measureDumbWriter(client, size);
      results.push({ figures, dumbRate });
    } finally {
      await close();
    }
  }
}

const rows = sizes.flatMap((size) =>
  table(
    size,
    results.filter(({ figures }) => figures.size === size),
  ),
);
rows.push(...(await measureBackups(values['backup-sizes'].split(',').map(Number), say)));
console.log(`\n${rows.join('\n')}`);
await mkdir(join(root, 'artefacts'), { recursive: true });
await writeFile(join(root, 'artefacts/bench.json'), `${JSON.stringify(results, null, 2)}\n`);
say('written to artefacts/bench.json');

function table(size: number, own: readonly { figures: Figures; dumbRate: number }[]): string[] {
  const row = (
    what: string,
    budget: string,
    pick: (each: { figures: Figures; dumbRate: number }) => number,
    digits = 1,
  ) => {
    const all = own
      .map(pick)
      .filter((value) => !Number.isNaN(value))
      .toSorted((a, b) => a - b);
    if (all.length === 0) return [];
    const median = all[Math.floor(all.length / 2)] ?? 0;
    const range = `${(all[0] ?? 0).toFixed(digits)} - ${(all.at(-1) ?? 0).toFixed(digits)}`;
    return [
      `${String(size).padStart(6)} | ${what.padEnd(44)} | ${budget.padEnd(16)} | ${median.toFixed(digits).padStart(8)} | ${range}`,
    ];
  };
  return [
    ...row('create to Ready, p50, ms', size === 1 ? '400' : '', ({ figures }) => figures.p50Ms, 0),
    ...row('create to Ready, p99, ms', size === 1 ? '1000' : '', ({ figures }) => figures.p99Ms, 0),
    ...(size === 1
      ? []
      : row('addons per second', size >= 1000 ? '35.6 (2x peer)' : '', ({ figures }) => figures.rate)),
    ...row('addons per second, of a dumb writer', '', ({ dumbRate }) => dumbRate),
    ...(size === 1
      ? []
      : row(
          'rate of the last tenth / of all',
          '0.8',
          ({ figures }) => figures.lastTenthRate / figures.rate,
          2,
        )),
    ...row('operator CPU per addon, ms', '31', ({ figures }) => figures.cpuMs),
    ...row(
      'operator RSS, MB',
      size <= 100 ? '110' : size <= 1000 ? '140' : '350',
      ({ figures }) => figures.rssBytes / 1e6,
    ),
    ...row('operator RSS at its highest, MB', '', ({ figures }) => figures.peakRssBytes / 1e6),
    ...row('API writes per addon, Events apart', '11', ({ figures }) => figures.writesPerAddon, 2),
    ...row('Events per addon', '4', ({ figures }) => figures.eventsPerAddon, 2),
    ...row('writes in 20 s of quiet', '0', ({ figures }) => figures.quietWrites, 0),
    ...row('reads in 20 s of quiet', '0', ({ figures }) => figures.quietReads, 0),
    ...row('edit to status, ms', '2000', ({ figures }) => figures.reactionMs, 0),
  ];
}
