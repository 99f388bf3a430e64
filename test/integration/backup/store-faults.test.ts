import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { JobFailureReason, JobResult } from '../../../src/backup/results.ts';
import {
  type Fault,
  type FaultyProxy,
  type Passing,
  startFaultyProxy,
} from '../../cluster/fakes/faulty-proxy.ts';
import { pick } from '../../size.ts';
import { Pod } from '../influx-process.ts';
import { runJobPod } from './job-pod.ts';
import { fill } from './points.ts';
import { DATABASE, Scene } from './scene.ts';
import { objectsOf } from './stored.ts';

let scene: Scene;
let proxy: FaultyProxy;

beforeAll(async () => {
  scene = await Scene.create('1.8.10');
  await fill(scene.admin(), DATABASE, { points: 3_000, series: 30 });
  proxy = await startFaultyProxy(scene.s3.port);
});
afterEach(async () => {
  proxy.fault = () => undefined;
  await rm(join(scene.s3.root, 'team'), { recursive: true, force: true });
});
afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]();
  await scene?.[Symbol.asyncDispose]();
});

const isArchive = ({ url }: Passing) => url.includes('backup.tar.gz');
const isManifest = ({ url }: Passing) => url.includes('manifest.json');
const reading = (passing: Passing) => passing.method === 'GET' && !passing.url.includes('list-type');
const writing = (passing: Passing) => passing.method === 'PUT' || passing.method === 'POST';

function failed(result: JobResult): JobFailureReason {
  if (result.ok) throw new Error('it claims to have succeeded');
  return result.reason;
}

/** One that does not stop is one that the library's own few tries do not get past. */
interface Trouble {
  readonly hits: (passing: Passing) => boolean;
  readonly fault: Fault;
  readonly reason: JobFailureReason;
  /** Default: that of the scene. */
  readonly deadlineSeconds?: number;
  /** There is one like it in `make test`. */
  readonly alike?: true;
}

const faults: Readonly<Record<string, Trouble>> = {
  'answers 503 to writes': {
    hits: writing,
    fault: { kind: 'status', status: 503, code: 'SlowDown' },
    reason: 'StoreBusy',
  },
  'answers 500 to everything': {
    hits: () => true,
    fault: { kind: 'status', status: 500, code: 'InternalError' },
    reason: 'StoreBusy',
    alike: true,
  },
  'denies writing': {
    hits: writing,
    fault: { kind: 'status', status: 403, code: 'AccessDenied' },
    reason: 'StoreDenied',
  },
  'denies reading back': {
    hits: (p) => reading(p) && isArchive(p),
    fault: { kind: 'status', status: 403, code: 'AccessDenied' },
    reason: 'StoreDenied',
  },
  'has no room': {
    hits: (p) => writing(p) && isArchive(p),
    fault: { kind: 'status', status: 507, code: 'InsufficientStorage' },
    reason: 'StoreFull',
  },
  'breaks off each write': { hits: writing, fault: { kind: 'drop' }, reason: 'StoreUnreachable' },
  'gives back half of the archive': {
    hits: (p) => reading(p) && isArchive(p),
    fault: { kind: 'truncate', bytes: 2_000 },
    reason: 'StoreUnreachable',
  },
  'gives back an archive with another bit': {
    hits: (p) => reading(p) && isArchive(p),
    fault: { kind: 'flipAnswer', at: 5_000 },
    reason: 'ReadBackDiffers',
  },
  'gives back a manifest with another bit': {
    hits: (p) => reading(p) && isManifest(p),
    fault: { kind: 'flipAnswer', at: 700 },
    reason: 'ReadBackDiffers',
  },
  'gives back an archive a few bytes a second': {
    hits: (p) => reading(p) && isArchive(p),
    fault: { kind: 'slow', bytesPerSecond: 100 },
    reason: 'DeadlineExceeded',
    deadlineSeconds: 5,
  },
  'never answers to the write of the archive': {
    hits: (p) => writing(p) && isArchive(p),
    fault: { kind: 'hang' },
    reason: 'DeadlineExceeded',
    deadlineSeconds: 5,
  },
};

describe('a backup into a store that', () => {
  const rows = Object.entries(faults);
  it.each(
    pick(
      rows.filter(([, { alike }]) => alike !== true),
      rows,
    ),
  )(
    '%s fails with its reason, leaves nothing that looks whole, and succeeds later',
    async (_, { hits, fault, reason, deadlineSeconds }) => {
      proxy.fault = (passing) => (hits(passing) ? fault : undefined);
      const store = { ...scene.store, endpoint: proxy.endpoint };
      const spec = scene.backupSpec({ store });
      const limited = deadlineSeconds === undefined ? spec : { ...spec, deadlineSeconds };
      const { result } = await runJobPod(limited, scene.options);
      expect(failed(result)).toBe(reason);
      expect((await objectsOf(scene.s3.root)).filter((key) => key.endsWith('manifest.json'))).toEqual([]);

      proxy.fault = () => undefined;
      const again = await runJobPod(spec, scene.options);
      expect(again.result).toMatchObject({ ok: true, points: 6_000 });
      expect((await objectsOf(scene.s3.root)).map((key) => key.split('/').at(-1))).toEqual([
        'backup.tar.gz',
        'manifest.json',
      ]);
    },
  );

  it('is slow to answer now and then succeeds: what passes by itself is tried again', async () => {
    const seen = new Set<string>();
    proxy.fault = ({ method, url }) => {
      const key = `${method} ${url.split('?')[0]}`;
      if (seen.has(key)) return undefined;
      seen.add(key);
      return { kind: 'status', status: 503, code: 'SlowDown' };
    };
    const spec = scene.backupSpec({ store: { ...scene.store, endpoint: proxy.endpoint } });
    expect((await runJobPod(spec, scene.options)).result).toMatchObject({ ok: true });
  });

  it('loses its answer to the manifest has a backup all the same, which the next try reports', async () => {
    let lost = 0;
    proxy.fault = (passing) => {
      if (!writing(passing) || !isManifest(passing)) return undefined;
      lost += 1;
      return { kind: 'loseAnswer' };
    };
    const spec = scene.backupSpec({ store: { ...scene.store, endpoint: proxy.endpoint } });
    const first = await runJobPod(spec, scene.options);
    expect(failed(first.result)).toBe('StoreUnreachable');
    expect(lost).toBeGreaterThan(0);
    proxy.fault = () => undefined;
    const before = proxy.passed.length;
    const again = await runJobPod(spec, scene.options);
    expect(again.result).toMatchObject({ ok: true, points: 6_000 });
    expect(proxy.passed.slice(before).filter((line) => !line.startsWith('GET'))).toEqual([]);
  });
});

describe('a restore from a store that', () => {
  const rows = [
    ['gives half of the archive', { kind: 'truncate', bytes: 2_000 }, 'StoreUnreachable'],
    ['gives an archive with another bit', { kind: 'flipAnswer', at: 5_000 }, 'BackupCorrupt'],
    ['denies reading', { kind: 'status', status: 403, code: 'AccessDenied' }, 'StoreDenied'],
    ['answers 503', { kind: 'status', status: 503, code: 'SlowDown' }, 'StoreBusy'],
    ['is slow', { kind: 'slow', bytesPerSecond: 100 }, 'DeadlineExceeded'],
  ] as const;
  it.each(pick<readonly (typeof rows)[number][]>(rows.slice(0, 3), rows))(
    '%s leaves the volume untouched',
    async (_, fault, reason) => {
      const spec = scene.backupSpec();
      expect((await runJobPod(spec, scene.options)).result.ok).toBe(true);
      proxy.fault = (passing) => (reading(passing) && isArchive(passing) ? fault : undefined);
      await using fresh = await Pod.create('1.8.10');
      const restore = scene.restoreSpec(spec.location, {
        store: { ...scene.store, endpoint: proxy.endpoint },
        ...(fault.kind === 'slow' ? { deadlineSeconds: 6 } : {}),
      });
      const { result } = await runJobPod(restore, { engine: '1.8.10', state: fresh.stateDir });
      expect(failed(result)).toBe(reason);
      expect(await objectsOf(fresh.stateDir)).toEqual([]);
    },
  );
});
