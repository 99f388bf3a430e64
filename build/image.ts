import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { operatorImage } from '../test/cluster/images/operator.ts';

/** Makes the operator's image without a Docker daemon and leaves it, compressed, in dist/. */
const budget = 80e6;
const root = dirname(import.meta.dirname);

const archive = await operatorImage(console.log);
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
const path = join(root, 'dist', `influxaddon-operator-${version}.tar.gz`);
await mkdir(dirname(path), { recursive: true });
await pipeline(createReadStream(archive), createGzip(), createWriteStream(path));

const { size } = await stat(path);
const shown = relative(process.cwd(), path);
console.log(`influxaddon-operator:${version}  ${(size / 1e6).toFixed(1)} MB compressed  ${shown}
with Docker:      docker load -i ${shown}
with containerd:  gunzip -c ${shown} | ctr -n k8s.io images import -`);
if (size > budget) {
  console.error(`larger than the ${budget / 1e6} MB allowed`);
  process.exitCode = 1;
}
