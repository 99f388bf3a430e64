import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureCached, go, goVersion, run } from '../toolcache.ts';
import { cachedImage, cachedLayer } from './cached.ts';

/** What containerd's `sandbox_image` names; a host name that nothing resolves, so it can only be a local image. */
export const sandboxImageName = 'influxaddon.local/pause:1';

/**
 * Path of the docker-archive of the sandbox ("pause") image: one static program. In Go, because that toolchain
 * is there anyway, while a fresh machine has no C compiler.
 */
export async function sandboxImage(say?: (line: string) => void): Promise<string> {
  const source = join(import.meta.dirname, 'pause', 'main.go');
  const args = ['build', '-trimpath', '-ldflags', '-s -w'];
  const env = { CGO_ENABLED: '0', GO111MODULE: 'off' };
  const build = async (to: string): Promise<void> => {
    await run(await go(say), [...args, '-o', join(to, 'pause'), source], { env, endWithParent: true });
  };
  const text = await readFile(source, 'utf8');
  const key = [process.arch, await goVersion(), JSON.stringify([args, env]), text];
  const dir = await ensureCached('pause', key, build, say);
  const layer = await cachedLayer(
    'pause',
    key,
    async () => [{ kind: 'file', path: 'pause', from: join(dir, 'pause'), mode: 0o755 }],
    say,
  );
  const config = { User: '65535:65535', Entrypoint: ['/pause'] };
  return cachedImage('pause', { tags: [sandboxImageName], layers: [layer], config }, say);
}
