import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureCached, go, run } from '../toolcache.ts';
import { cachedImage, cachedLayer } from './cached.ts';

/** What containerd's `sandbox_image` names; a host name that nothing resolves, so it can only be a local image. */
export const sandboxImageName = 'influxaddon.local/pause:1';

/**
 * Path of the docker-archive of the sandbox ("pause") image: one static program. In Go, because that toolchain
 * is there anyway, while a fresh machine has no C compiler.
 */
export async function sandboxImage(say?: (line: string) => void): Promise<string> {
  const source = join(import.meta.dirname, 'pause', 'main.go');
  const build = async (to: string): Promise<void> => {
    const args = ['build', '-trimpath', '-ldflags', '-s -w', '-o', join(to, 'pause'), source];
    await run(await go(say), args, { env: { CGO_ENABLED: '0', GO111MODULE: 'off' } });
  };
  const text = await readFile(source, 'utf8');
  const dir = await ensureCached('pause', [process.arch, text], build, say);
  const layer = await cachedLayer(
    'pause',
    [text],
    async () => [{ kind: 'file', path: 'pause', from: join(dir, 'pause'), mode: 0o755 }],
    say,
  );
  const config = { User: '65535:65535', Entrypoint: ['/pause'] };
  return cachedImage('pause', { tags: [sandboxImageName], layers: [layer], config }, say);
}
