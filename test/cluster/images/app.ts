import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../../build/bundle.ts';
import { nodeImage } from './node.ts';

/** What a Deployment names to run the demo application. */
export const appImageName = 'demo-writer:1';

/** Path of the docker-archive of an application that writes points through the URL in its environment. */
export async function appImage(say?: (line: string) => void): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'influxaddon-bundle-'));
  try {
    const files = await bundle({ entry: join(import.meta.dirname, 'demo-writer/main.ts'), outDir: dir });
    const [name, tag] = appImageName.split(':') as [string, string];
    return await nodeImage({ name, tag, dir, files }, say);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
