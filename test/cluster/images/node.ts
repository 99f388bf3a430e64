import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ImageConfig, Layer } from './archive.ts';
import { cachedImage, cachedLayer } from './cached.ts';
import { release } from './debian.ts';
import { cppLibraries, libcLayer } from './rootfs.ts';
import type { TarEntry } from './tar.ts';

/**
 * Path of the docker-archive of an image with Node and a bundle under /app, and neither shell nor package
 * manager. It runs `/app/main.js` as user 65532.
 *
 * @param files names of the files of `dir` that go into the image
 */
export async function nodeImage(
  image: { name: string; tag: string; dir: string; files: string[]; nodeFlags?: string[]; env?: string[] },
  say?: (line: string) => void,
): Promise<string> {
  const { name, tag, dir, files, nodeFlags = [], env = [] } = image;
  const contents = await Promise.all(files.map((file) => readFile(join(dir, file), 'utf8')));
  const app = files.map(
    (file, index): TarEntry => ({ kind: 'file', path: `app/${file}`, content: contents[index]! }),
  );
  const layers = [
    await libcLayer(say),
    await nodeLayer(say),
    await cachedLayer(`${name}-app`, [...files, ...contents], async () => app, say),
  ];
  const config: ImageConfig = {
    User: '65532:65532',
    Env: ['PATH=/usr/bin', ...(env.length > 0 ? env : ['NODE_ENV=production'])],
    Entrypoint: ['/usr/bin/node', ...nodeFlags, '/app/main.js'],
    WorkingDir: '/app',
  };
  return cachedImage(name, { tags: [`docker.io/library/${name}:${tag}`], layers, config }, say);
}

/** The very Node that the project's package.json pins, with the C++ library it is linked to. */
async function nodeLayer(say?: (line: string) => void): Promise<Layer> {
  const manifest = fileURLToPath(import.meta.resolve(`node-linux-${process.arch}/package.json`));
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  const from = join(dirname(manifest), 'bin', 'node');
  const entries = async (): Promise<TarEntry[]> => [
    { kind: 'file', path: 'usr/bin/node', from, mode: 0o755 },
    ...(await cppLibraries(say)),
  ];
  return cachedLayer('node', [version, await release()], entries, say);
}
