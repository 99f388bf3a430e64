import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { archiveEntries, writeArchive, writeLayer } from './archive.ts';

const work = mkdtempSync(join(tmpdir(), 'archive-test-'));
afterAll(() => rmSync(work, { recursive: true }));

async function sample(folder: string) {
  const layers = [
    await writeLayer(join(work, `${folder}-base.tar`), [{ kind: 'file', path: 'a', content: 'a' }]),
    await writeLayer(join(work, `${folder}-top.tar`), [{ kind: 'file', path: 'b', content: 'b' }]),
  ];
  return { tags: ['docker.io/library/sample:1'], layers, config: { User: '1:1', Entrypoint: ['/a'] } };
}

function contentOf(entries: ReturnType<typeof archiveEntries>, path: string): string {
  const entry = entries.find((each) => each.path === path);
  if (entry?.kind !== 'file' || !('content' in entry)) throw new Error(`no ${path}`);
  return String(entry.content);
}

test('a layer is named by the digest of its uncompressed bytes', async () => {
  const { layers } = await sample('digest');
  for (const { path, diffId } of layers) {
    expect(diffId).toBe(`sha256:${createHash('sha256').update(readFileSync(path)).digest('hex')}`);
  }
});

test('the manifest names tag, configuration and layers, lowest first, all of them members', async () => {
  const image = await sample('manifest');
  const entries = archiveEntries(image);
  const [manifest] = JSON.parse(contentOf(entries, 'manifest.json')) as [
    { Config: string; RepoTags: string[]; Layers: string[] },
  ];
  expect(manifest.RepoTags).toEqual(['docker.io/library/sample:1']);
  const paths = entries.map((entry) => entry.path);
  expect(paths).toEqual(['manifest.json', manifest.Config, ...manifest.Layers]);
  const configuration = contentOf(entries, manifest.Config);
  expect(manifest.Config).toBe(`${createHash('sha256').update(configuration).digest('hex')}.json`);
  expect(JSON.parse(configuration)).toMatchObject({
    os: 'linux',
    config: { User: '1:1', Entrypoint: ['/a'] },
    rootfs: { type: 'layers', diff_ids: image.layers.map((layer) => layer.diffId) },
  });
});

test('the same image gives the same bytes', async () => {
  // Same file names: a layer's is told in the image's history.
  const image = await sample('same');
  await writeArchive(join(work, 'one.tar'), image);
  await writeArchive(join(work, 'two.tar'), await sample('same'));
  expect(readFileSync(join(work, 'one.tar')).equals(readFileSync(join(work, 'two.tar')))).toBe(true);
});
