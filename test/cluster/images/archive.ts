import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type TarEntry, tarBytes } from './tar.ts';

/** An uncompressed layer on disk; `diffId` is `sha256:` and the digest of its bytes. */
export interface Layer {
  path: string;
  diffId: string;
}

/** The part of an image's configuration that a container runtime obeys (OCI image-spec names). */
export interface ImageConfig {
  User?: string;
  Env?: string[];
  Entrypoint?: string[];
  Cmd?: string[];
  WorkingDir?: string;
  ExposedPorts?: Record<string, object>;
  Volumes?: Record<string, object>;
  Labels?: Record<string, string>;
}

/** The processor name that images use: `amd64`, `arm64`. */
const imageArchitecture = process.arch === 'x64' ? 'amd64' : process.arch;

export async function writeLayer(path: string, entries: TarEntry[]): Promise<Layer> {
  const hash = createHash('sha256');
  const hashed = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(tarBytes(entries), hashed, createWriteStream(path));
  return { path, diffId: `sha256:${hash.digest('hex')}` };
}

/**
 * Writes a docker-archive, as `docker load` and `ctr images import` take it: manifest.json, the configuration
 * under its own digest, and the layers, lowest first. The same layers and configuration give the same bytes.
 */
export async function writeArchive(
  path: string,
  image: { tags: string[]; layers: Layer[]; config: ImageConfig },
): Promise<void> {
  await pipeline(tarBytes(archiveEntries(image)), createWriteStream(path));
}

export function archiveEntries(image: { tags: string[]; layers: Layer[]; config: ImageConfig }): TarEntry[] {
  const configuration = JSON.stringify({
    architecture: imageArchitecture,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: image.config,
    rootfs: { type: 'layers', diff_ids: image.layers.map((layer) => layer.diffId) },
    history: image.layers.map((layer) => ({
      created: '1970-01-01T00:00:00Z',
      created_by: basename(layer.path, '.tar'),
    })),
  });
  const configName = `${createHash('sha256').update(configuration).digest('hex')}.json`;
  const layerName = (layer: Layer): string => `${layer.diffId.replace('sha256:', '')}/layer.tar`;
  const manifest = [{ Config: configName, RepoTags: image.tags, Layers: image.layers.map(layerName) }];
  return [
    { kind: 'file', path: 'manifest.json', content: JSON.stringify(manifest) },
    { kind: 'file', path: configName, content: configuration },
    ...image.layers.map((layer): TarEntry => ({ kind: 'file', path: layerName(layer), from: layer.path })),
  ];
}
