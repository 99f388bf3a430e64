import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InfluxClient } from '../../src/influx/v1/client.ts';
import { readFigures } from '../../src/influx/v1/figures.ts';
import { findGrowing } from '../../src/influx/v1/growing.ts';
import * as influxql from '../../src/influx/v1/influxql.ts';
import { diskUsed } from '../../src/limits/storage.ts';
import type { InfluxVersion } from '../cluster/images/influxdb.ts';
import { run } from '../cluster/run-command.ts';
import { pick } from '../size.ts';
import { ADMIN, Pod, transport, VERSIONS } from './influx-process.ts';

const id = 'my_app_3707';

describe.each(pick<InfluxVersion[]>(['1.8.10'], VERSIONS))('InfluxDB %s', (version) => {
  let pod: Pod;
  let admin: InfluxClient;

  beforeAll(async () => {
    pod = await Pod.create(version);
    expect(await pod.bootstrap()).toMatchObject({ code: 0 });
    await pod.engine();
    // A busy machine takes a while for a count of a hundred thousand series.
    admin = new InfluxClient(transport, pod.endpoint, ADMIN, { timeoutMs: 60_000 });
    await admin.one(influxql.createDatabase(id));
  });

  afterAll(async () => {
    await pod[Symbol.asyncDispose]();
  });

  it('tells of an empty database that it is empty', async () => {
    expect(await readFigures(admin, id)).toMatchObject({ series: 0, shards: 0, dataBytes: 0, logErrors: 0 });
    expect(await findGrowing(admin, id)).toEqual({ what: 'Nothing' });
  });

  it('tells which tag of 100,000 series it is, and how many there are', async () => {
    for (let batch = 0; batch < 20; batch += 1) {
      const lines = Array.from({ length: 5_000 }, (_, n) => {
        const tags = `host=h${n % 20},request_id=r${batch * 5_000 + n},zone=z${n % 3}`;
        return `requests,${tags} ms=${n}i ${1_600_000_000 + batch}`;
      });
      await admin.write(id, lines, { precision: 's' });
    }
    const others = Array.from({ length: 500 }, (_, n) => `cpu,host=h${n},core=c${n} load=1 1600000000`);
    await admin.write(id, [...others, 'untagged v=1 1600000000'], { precision: 's' });
    const { series, heapBytes } = await readFigures(admin, id);
    // An estimate.
    expect(series).toBeGreaterThan(98_000);
    expect(series).toBeLessThan(103_000);
    expect(heapBytes).toBeGreaterThan(10_000_000);
    expect(await findGrowing(admin, id)).toEqual({
      what: 'Tag',
      measurement: 'requests',
      tag: 'request_id',
    });
  });

  it('tells of a measurement without tags, whatever it is called', async () => {
    const other = 'odd_1000';
    await admin.one(influxql.createDatabase(other));
    await admin.write(other, 'untagged v=1 1600000000', { precision: 's' });
    expect(await findGrowing(admin, other)).toEqual({ what: 'Measurement', measurement: 'untagged' });
    const measurement = 'odd " name, \\ with = all';
    const escaped = measurement.replaceAll(/[, ]/g, '\\$&');
    await admin.write(
      other,
      [1, 2, 3].map((n) => `${escaped},tag\\ "key=${n} v=1 1600000000`),
      { precision: 's' },
    );
    expect(await findGrowing(admin, other)).toEqual({ what: 'Tag', measurement, tag: 'tag "key' });
  });

  it('tells of thousands of measurements that they are what grows', async () => {
    const lines = Array.from({ length: 2_500 }, (_, n) => `m${n} v=1 1600000000`);
    await admin.write(id, lines, { precision: 's' });
    expect(await findGrowing(admin, id)).toEqual({ what: 'Measurements' });
  });

  it('tells how much it takes on disk, with what is reckoned for the index', async () => {
    const other = 'other_1000';
    await admin.one(influxql.createDatabase(other));
    for (let shard = 0; shard < 8; shard += 1)
      for (let round = 0; round < 8; round += 1) {
        const seconds = 1_500_000_000 + shard * 604_800 + round * 60;
        const lines = Array.from(
          { length: 5_000 },
          (_, n) =>
            `cpu,host=h${n % 100},core=c${Math.floor(n / 100)} load=${noise(shard * 40_000 + round * 5_000 + n)} ${seconds}`,
        );
        await admin.write(other, lines, { precision: 's' });
      }
    const figures = await readFigures(admin, other);
    expect(figures).toMatchObject({ series: 5_000, shards: 8 });
    const folders = ['data', 'wal'].map((folder) => `${pod.stateDir}/${folder}/${other}`);
    const lines = (await run('du', ['--summarize', '--block-size=1', ...folders])).trim().split('\n');
    const du = lines.reduce((sum, line) => sum + Number(line.split('\t')[0]), 0);
    const off = diskUsed(figures) / du - 1;
    expect(Math.abs(off), `${diskUsed(figures)} reckoned, ${du} by du`).toBeLessThan(0.25);
  });
});

/** Does not compress, and is the same in every run: the n-th value of a mixing function, in [0, 1). */
function noise(n: number): number {
  let mixed = Math.imul(n + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}
