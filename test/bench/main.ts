import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../../build/bundle.ts';
import { type Arm, armOf, bundledArm } from './arms.ts';
import { measureBackups } from './backups.ts';
import { plot, type Line } from './plot.ts';
import { type Figures, measure, measureDumbWriter, type RigOptions } from './rig.ts';
import { table } from './table.ts';

/**
 * Times and costs on the real control plane with etcd's fsync on, the bundled operator and the fake node in processes
 * of their own. `--sizes 1,100,1000` sets how many addons are created at once, `--runs` how often; a median is quoted.
 * `--short` takes under five minutes. `--arm file.json` (any number) measures another operator, or another build of
 * this one, in turns with this one. `--no-node --no-fsync` is the rig on which operators are compared by the
 * StatefulSets that they make.
 */
const { values } = parseArgs({
  options: {
    sizes: { type: 'string' },
    runs: { type: 'string' },
    arm: { type: 'string', multiple: true, default: [] },
    short: { type: 'boolean', default: false },
    node: { type: 'boolean', default: true },
    fsync: { type: 'boolean', default: true },
    backups: { type: 'boolean', default: true },
    'backup-sizes': { type: 'string', default: '64,256' },
  },
  allowNegative: true,
});
const sizes = (values.sizes ?? (values.short ? '1,100' : '1,100,300')).split(',').map(Number);
const runs = Number(values.runs ?? (values.short ? 1 : 3));
const root = join(import.meta.dirname, '../..');
const out = join(root, 'artefacts');
const say = (line: string) => console.log(`[${(performance.now() / 1000).toFixed(1).padStart(6)} s] ${line}`);

say('bundling the operator');
const outDir = join(root, 'dist');
await bundle({ entry: join(root, 'src/main.ts'), outDir });
const arms: Arm[] = [bundledArm('this', outDir), ...(await Promise.all(values.arm.map(armOf)))];
const all: Figures[] = [];
const dumb = new Map<number, number[]>();
for (const size of sizes) {
  const { node, fsync } = values;
  const options: RigOptions = { size, node, fsync, quietMs: values.short ? 10_000 : 45_000 };
  for (let run = 1; run <= runs; run += 1) {
    const of = `run ${run} of ${runs}`;
    // Each arm is the first one in turn: what the machine does meanwhile spoils none more than the others.
    for (let index = 0; index < arms.length; index += 1) {
      const arm = arms[(index + run) % arms.length] as Arm;
      say(`${size} for ${arm.name}, ${of}`);
      const figures = await measure(arm, options);
      all.push(figures);
      const { sets, ready } = figures;
      say(
        `  StatefulSets ${sets.rate.toFixed(1)} per second${ready ? `, ready ${ready.rate.toFixed(1)}` : ''}`,
      );
    }
    if (size === 1) continue;
    say(`${size} by the dumb writer, ${of}`);
    const rate = await measureDumbWriter(arms[0] as Arm, options);
    dumb.set(size, [...(dumb.get(size) ?? []), rate]);
    say(`  ${rate.toFixed(1)} per second`);
  }
}
const rows = sizes.flatMap((size) =>
  table(
    size,
    all.filter((each) => each.size === size),
    dumb.get(size) ?? [],
  ),
);
if (values.backups && !values.short)
  rows.push(...(await measureBackups(values['backup-sizes'].split(',').map(Number), say)));
console.log(`\n${rows.join('\n')}`);

await mkdir(out, { recursive: true });
const dumbRates = Object.fromEntries(dumb);
await writeFile(join(out, 'bench.json'), `${JSON.stringify({ figures: all, dumbRates }, null, 2)}\n`);
for (const size of sizes.filter((each) => each > 1)) {
  const own = arms.flatMap(({ name }) => all.find((each) => each.size === size && each.arm === name) ?? []);
  await writeFile(
    join(out, `bench-${size}-converging.svg`),
    plot('reached', `of ${size}`, own.flatMap(converging)),
  );
  const memory = own.map(
    ({ arm, samples }): Line => ({
      name: arm,
      points: samples.map(({ seconds, rss }) => [seconds, (rss['operator'] ?? 0) / 1e6]),
    }),
  );
  await writeFile(
    join(out, `bench-${size}-memory.svg`),
    plot('resident memory of the operator', 'MB', memory),
  );
}
say(`written to ${out}: bench.json and the plots beside it`);

function converging({ arm, sets, ready }: Figures): Line[] {
  const counted = (name: string, at: readonly number[]): Line => ({
    name,
    points: at.map((seconds, index) => [seconds, index + 1]),
  });
  return [
    counted(`${arm}: StatefulSets`, sets.at),
    ...(ready === undefined ? [] : [counted(`${arm}: ready`, ready.at)]),
  ];
}
