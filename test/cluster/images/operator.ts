import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../../build/bundle.ts';
import { NODE_FLAGS, RUNTIME_ENV } from '../../../build/runtime.ts';
import { nodeImage } from './node.ts';

const root = join(import.meta.dirname, '../../..');

/** Path of a docker-archive called `influxaddon-operator:<package version>`, made of the sources as they are now. */
export async function operatorImage(
  say?: (line: string) => void,
  entry = join(root, 'src/main.ts'),
): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const dir = await mkdtemp(join(tmpdir(), 'influxaddon-bundle-'));
  try {
    const files = await bundle({ entry, outDir: dir });
    const env = Object.entries(RUNTIME_ENV).map(([key, value]) => `${key}=${value}`);
    return await nodeImage(
      { name: 'influxaddon-operator', tag: version, dir, files, nodeFlags: [...NODE_FLAGS], env },
      say,
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
