import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { ageTools } from '../../cluster/binaries.ts';
import { influxBinaries } from '../../cluster/images/influxdb.ts';
import { run } from '../../cluster/run-command.ts';
import { ADMIN, Pod } from '../influx-process.ts';
import { runJobPod } from './job-pod.ts';
import { fill, fingerprints } from './points.ts';
import { DATABASE, Scene } from './scene.ts';
import { objectsOf } from './stored.ts';

/** What the README says for who has no operator any more, with the database that it names. */
const NAMED = 'metrics_3707';

it('an encrypted backup is restored by hand, with the commands of the README, by age and InfluxDB alone', async () => {
  await using made = new AsyncDisposableStack();
  const tools = await ageTools();
  const { influxd } = await influxBinaries('1.8.10');
  const dir = await mkdtemp(join(tmpdir(), 'by-hand-'));
  made.defer(() => rm(dir, { recursive: true, force: true }));
  const key = await run(join(tools, 'age-keygen'), []);
  await writeFile(join(dir, 'key.txt'), key);
  const recipient = /age1\S+/.exec(key)?.[0] ?? '';

  const scene = made.use(await Scene.create('1.8.10'));
  await fill(scene.admin(), DATABASE, { points: 10_000, series: 30 });
  const taken = await runJobPod(scene.backupSpec({ recipients: [recipient] }), scene.options);
  expect(taken.result).toMatchObject({ ok: true, archive: { encrypted: true } });
  const objects = (await objectsOf(scene.s3.root)).filter((each) => each.endsWith('/backup.tar.gz.age'));
  expect(objects).toHaveLength(1);
  await run('cp', [join(scene.s3.root, objects[0] ?? ''), dir]);

  const machine = made.use(await Pod.create('1.8.10'));
  await machine.bootstrap();
  await machine.engine();
  const readme = await readFile(join(import.meta.dirname, '../../../README.md'), 'utf8');
  const recipe = /```sh\n(mkdir backup\n[^`]*)```/.exec(readme)?.[1] ?? '';
  expect(recipe).toContain(`-db ${NAMED} `);
  // Beside the one that was backed up, on the same loopback: not at the port that the tool takes by itself.
  const commands = recipe
    .replace(NAMED, DATABASE)
    .replace('restore -portable', `restore -portable -host 127.0.0.1:${machine.rpcPort}`);
  const path = [tools, dirname(influxd), process.env['PATH']].join(':');
  await run('bash', ['-euo', 'pipefail', '-c', commands], { cwd: dir, env: { PATH: path } });

  const restored = machine.client(ADMIN);
  const of = async (client: typeof restored, db: string) => JSON.stringify(await fingerprints(client, db));
  expect(await of(restored, 'restored')).toBe(await of(scene.admin(), DATABASE));
});
