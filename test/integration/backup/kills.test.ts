import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultyProxy, startFaultyProxy } from '../../cluster/fakes/faulty-proxy.ts';
import { S3_CREDENTIALS } from '../../cluster/s3-server.ts';
import { runJobPod } from './job-pod.ts';
import { fillNoise } from './points.ts';
import { DATABASE, locationOf, Scene } from './scene.ts';
import { objectsOf } from './stored.ts';

let scene: Scene;
let proxy: FaultyProxy;

beforeAll(async () => {
  scene = await Scene.create('1.8.10');
  // Several parts of an upload.
  await fillNoise(scene.admin(), DATABASE, 20 * 1024 ** 2);
  proxy = await startFaultyProxy(scene.s3.port);
});
afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]();
  await scene?.[Symbol.asyncDispose]();
});

/** After this many writes the store hears nothing more of the Job, as when its node is lost. */
function dieAfter(writes: number): { reached: () => boolean } {
  let seen = 0;
  proxy.fault = ({ method }) => {
    if (seen >= writes) return { kind: 'drop' };
    if (method === 'GET' || method === 'HEAD') return undefined;
    seen += 1;
    return seen === writes ? { kind: 'loseAnswer' } : undefined;
  };
  return { reached: () => seen >= writes };
}

async function openUploads(): Promise<number> {
  const client = new S3Client({
    endpoint: scene.s3.endpoint,
    region: 'us-east-1',
    credentials: S3_CREDENTIALS,
    forcePathStyle: true,
  });
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: scene.s3.bucket }));
  client.destroy();
  return Uploads.length;
}

describe('a backup whose Job dies after each of its writes to the store', () => {
  it('is whole or does not count, and the next try leaves one whole object set and nothing else', async () => {
    const store = { ...scene.store, endpoint: proxy.endpoint };
    const alive = scene.backupSpec({ location: locationOf('does-not-die'), store });
    proxy.fault = () => undefined;
    const before = proxy.passed.length;
    expect((await runJobPod(alive, scene.options)).result.ok).toBe(true);
    const count = proxy.passed.slice(before).filter((line) => !/^(GET|HEAD) /.test(line)).length;
    // At least: begin, two parts, complete, manifest.
    expect(count).toBeGreaterThanOrEqual(5);
    for (let writes = 1; writes <= count; writes += 1) {
      const location = locationOf(`dies-after-${writes}`);
      const spec = scene.backupSpec({ location, store });
      const death = dieAfter(writes);
      const { result } = await runJobPod(spec, scene.options);
      expect([death.reached(), result.ok], `write ${writes}`).toEqual([true, false]);
      proxy.fault = () => undefined;
      expect((await runJobPod(spec, scene.options)).result).toMatchObject({ ok: true, verified: 'Counts' });
      const left = await objectsOf(join(scene.s3.root, 'team/a/c1/shop', DATABASE, location.uid));
      expect(left).toEqual(['backup.tar.gz', 'manifest.json']);
      expect(await openUploads()).toBe(0);
    }
  });
});

describe('a deletion whose Job dies after each of its writes', () => {
  it('never leaves a manifest without its archive, is finished by the next, and takes nothing of another backup', async () => {
    proxy.fault = () => undefined;
    const store = { ...scene.store, endpoint: proxy.endpoint };
    await rm(join(scene.s3.root, 'team'), { recursive: true, force: true });
    const other = scene.backupSpec({ location: locationOf('stays-where-it-is') });
    expect((await runJobPod(other, scene.options)).result.ok).toBe(true);
    for (let writes = 1; writes <= 2; writes += 1) {
      const spec = scene.backupSpec({ location: locationOf(`goes-after-${writes}`) });
      expect((await runJobPod(spec, scene.options)).result.ok).toBe(true);
      const folder = join(scene.s3.root, 'team/a/c1/shop', DATABASE, spec.location.uid);
      dieAfter(writes);
      const remove = { operation: 'delete', store, deadlineSeconds: 60, location: spec.location } as const;
      expect((await runJobPod(remove)).result.ok).toBe(false);
      expect(await objectsOf(folder).catch(() => [])).not.toContain('manifest.json');
      proxy.fault = () => undefined;
      expect((await runJobPod(remove)).result).toMatchObject({ ok: true });
      expect(await objectsOf(folder).catch(() => [])).toEqual([]);
    }
    const rest = await objectsOf(join(scene.s3.root, 'team'));
    expect(rest.map((key) => key.split('/').slice(-2).join('/'))).toEqual([
      'stays-where-it-is/backup.tar.gz',
      'stays-where-it-is/manifest.json',
    ]);
  });
});
