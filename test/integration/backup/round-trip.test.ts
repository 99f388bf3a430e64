import { describe, expect, it } from 'vitest';
import type { InfluxVersion } from '../../cluster/images/influxdb.ts';
import { pick } from '../../size.ts';
import { ADMIN, Pod, VERSIONS } from '../influx-process.ts';
import { runJobPod } from './job-pod.ts';
import { fill, fingerprints } from './points.ts';
import { DATABASE, Scene } from './scene.ts';

type Pair = readonly [from: InfluxVersion, to: InfluxVersion];

/** From the oldest to the newest, each to itself and to all that are newer. */
const PAIRS: readonly Pair[] = VERSIONS.flatMap((from, index) =>
  VERSIONS.slice(index).map((to): Pair => [from, to]),
);
const SAMPLE: readonly Pair[] = [
  ['1.8.10', '1.8.10'],
  ['1.6.7', '1.8.10'],
];

describe.each(pick(SAMPLE, PAIRS))('a backup of InfluxDB %s, restored into %s,', (version, target) => {
  it('comes back with the same counts, checksums, policies and continuous queries, under another name', async () => {
    await using scene = await Scene.create(version);
    const admin = scene.admin();
    await fill(admin, DATABASE, { points: 30_000, series: 100 });
    await admin.query(
      `CREATE CONTINUOUS QUERY "hourly" ON "${DATABASE}" BEGIN SELECT mean(v) AS v INTO "year"."m_1h" FROM "week"."m1" GROUP BY time(1h), * END`,
    );
    await admin.query(`ALTER RETENTION POLICY "week" ON "${DATABASE}" DEFAULT`);
    const spec = scene.backupSpec();
    const taken = await runJobPod(spec, scene.options);
    expect(taken.result).toMatchObject({
      ok: true,
      operation: 'backup',
      verified: 'Counts',
      points: 60_000,
      engineVersion: version,
      archive: { encrypted: false },
    });

    await using fresh = await Pod.create(target);
    const into = { ...scene.restoreSpec(spec.location).target, engineVersion: target };
    const restored = await runJobPod(scene.restoreSpec(spec.location, { target: into }), {
      engine: target,
      state: fresh.stateDir,
    });
    expect(restored.result).toMatchObject({
      ok: true,
      verified: 'Counts',
      points: 60_000,
      continuousQueries: 1,
      refusedQueries: [],
    });

    await fresh.bootstrap();
    await fresh.engine();
    const copy = fresh.client(ADMIN);
    const text = (value: unknown): string => JSON.stringify(value);
    expect(text(await fingerprints(copy, 'other_9'))).toBe(text(await fingerprints(admin, DATABASE)));
    const policies = await copy.one('SHOW RETENTION POLICIES ON "other_9"');
    expect(text(policies.series)).toBe(
      text((await admin.one(`SHOW RETENTION POLICIES ON "${DATABASE}"`)).series),
    );
    const queries = text((await copy.one('SHOW CONTINUOUS QUERIES')).series);
    expect(queries).toContain('other_9.year.m_1h');
    expect(queries).not.toContain(DATABASE);
  });
});
