import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { backupKeys } from '../../backup/location.ts';
import type { BackupManifest } from '../../backup/manifest.ts';
import { MAX_RESULT_BYTES, type ListJobSpec } from '../../backup/protocol.ts';
import { jobResult } from '../../backup/results.ts';
import { checkStore, listBackups } from './housekeeping.ts';
import { StoreError } from '../store/store-error.ts';
import { openVolume } from '../store/volume-store.ts';
import type { JobContext } from './job-context.ts';
import type { Store } from '../store/store.ts';

const PREFIX = 'team/a';
const DIGEST = { bytes: 5_000_000, sha256: 'b'.repeat(64) };

function manifestOf(namespace: string, uid: string): BackupManifest {
  return {
    format: 'influxaddon.dev/backup',
    formatVersion: 1,
    location: { cluster: 'c1', namespace, addonId: 'shop_1234', uid },
    name: uid,
    kind: 'Scheduled',
    addon: { name: 'shop', uid: 'c0ffee00-0000-4000-8000-000000000000', plan: '512m', class: 'Starter' },
    startedAt: '2030-01-01T00:00:00Z',
    completedAt: '2030-01-01T00:01:00Z',
    engineVersion: '1.8.10',
    database: { name: 'shop_1234', retentionPolicies: [], continuousQueries: [], users: [], grants: [] },
    archive: { file: 'backup.tar.gz', ...DIGEST, plain: DIGEST, recipients: [] },
    files: [],
    dataBytes: 9_000_000,
    counts: { verified: 'Sizes', why: 'counting is switched off' },
  };
}

/** What is in the store, by key, in the order of keys. */
function storeWith(texts: ReadonlyMap<string, string>): Pick<Store, 'get' | 'list'> {
  return {
    get: async (key) => {
      const text = texts.get(key);
      return text === undefined
        ? undefined
        : { bytes: text.length, body: Readable.from([Buffer.from(text)]) };
    },
    async *list(prefix, after) {
      for (const [key, text] of [...texts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
        if (key.startsWith(prefix) && (after === undefined || key > after)) yield { key, bytes: text.length };
    },
  };
}

/** All pages of it, as the operator asks for them. */
async function pagesOf(texts: ReadonlyMap<string, string>): Promise<string[][]> {
  const { signal } = new AbortController();
  const context = { store: storeWith(texts), signal, log: () => {} } as unknown as JobContext;
  const spec: ListJobSpec = {
    operation: 'list',
    store: { type: 'pvc', prefix: PREFIX },
    deadlineSeconds: 60,
    namespace: 'shop',
  };
  const pages: string[][] = [];
  for (let after: string | undefined; ; ) {
    const result = await listBackups(after === undefined ? spec : { ...spec, after }, context);
    expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThanOrEqual(MAX_RESULT_BYTES);
    const parsed = jobResult.parse(result);
    if (!parsed.ok || parsed.operation !== 'list') throw new Error('it is no list');
    pages.push(parsed.backups.map(({ name }) => name));
    if (parsed.next === undefined) return pages;
    after = parsed.next;
  }
}

describe('the backups of a namespace', () => {
  const uids = Array.from({ length: 40 }, (_, n) => `0000-uid-${String(n).padStart(2, '0')}`);

  it('are each listed once, in as many pages as termination messages need, and those of others never', async () => {
    const texts = new Map<string, string>();
    for (const uid of uids) {
      for (const namespace of ['shop', 'other']) {
        const manifest = manifestOf(namespace, uid);
        const keys = backupKeys(PREFIX, manifest.location);
        texts.set(keys.manifest, JSON.stringify(manifest));
        texts.set(keys.archive, '');
      }
    }
    const pages = await pagesOf(texts);
    expect(pages.flat()).toEqual(uids);
    expect(pages.length).toBeGreaterThan(4);
    expect(pages.slice(0, -1).every((page) => page.length > 0)).toBe(true);
  });

  it('are none in an empty store, or where nothing was completed', async () => {
    expect(await pagesOf(new Map())).toEqual([[]]);
    const { folder } = backupKeys(PREFIX, manifestOf('shop', uids[0]!).location);
    expect(await pagesOf(new Map([[`${folder}backup.tar.gz`, '']]))).toEqual([[]]);
  });

  it('leave out what a newer release wrote', async () => {
    const [old, newer] = [manifestOf('shop', uids[0]!), manifestOf('shop', uids[1]!)];
    const texts = new Map(
      [old, { ...newer, formatVersion: 2 }].map((each) => [
        backupKeys(PREFIX, each.location).manifest,
        JSON.stringify(each),
      ]),
    );
    expect(await pagesOf(texts)).toEqual([[uids[0]]]);
  });
});

describe('a store', () => {
  const check = async (change: Partial<Store>) => {
    const folder = await mkdtemp(join(tmpdir(), 'store-'));
    try {
      const context = {
        store: { ...openVolume(folder), ...change },
        signal: new AbortController().signal,
        now: () => new Date(),
      } as unknown as JobContext;
      const spec = {
        operation: 'check',
        store: { type: 'pvc', prefix: PREFIX },
        deadlineSeconds: 60,
      } as const;
      return await checkStore(spec, context);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };

  it('is fine when all that a backup does with it can be done', async () => {
    expect(await check({})).toEqual({ ok: true, operation: 'check' });
  });

  const refuse = (): never => {
    throw new StoreError('StoreDenied', 'no');
  };
  it.each(['put', 'get', 'list', 'delete', 'sweep'] as const)('is not when %s is denied', async (what) => {
    await expect(check({ [what]: refuse })).rejects.toMatchObject({ reason: 'StoreDenied' });
  });
});
