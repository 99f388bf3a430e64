import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../run-command.ts';

/** The release that is upgraded from: any commit, or another name for one. */
export const FROM = process.env['UPGRADE_FROM'] ?? 'HEAD^';
/** Its version, whatever it called itself. */
export const TAG = '0.0.0-before';

const root = join(import.meta.dirname, '../../..');

export interface Release {
  /** To be removed by who asked for it; the sources are in `sources`. */
  readonly dir: string;
  /** Path of the image. */
  readonly image: string;
}

/** The sources of a commit, and the operator's image that they make. */
export async function releaseOf(commit: string): Promise<Release> {
  const dir = await mkdtemp(join(tmpdir(), 'influxaddon-release-'));
  try {
    const archive = join(dir, 'sources.tar');
    await run('git', ['-C', root, 'archive', '--format=tar', '-o', archive, commit]);
    const sources = join(dir, 'sources');
    await mkdir(sources);
    await run('tar', ['-xf', archive, '-C', sources]);
    await symlink(join(root, 'node_modules'), join(sources, 'node_modules'));
    const manifest = join(sources, 'package.json');
    const described = JSON.parse(await readFile(manifest, 'utf8')) as object;
    await writeFile(manifest, JSON.stringify({ ...described, version: TAG }));
    const module = JSON.stringify(join(sources, 'test/cluster/images/operator.ts'));
    const script = `const { operatorImage } = await import(${module}); console.log(await operatorImage());`;
    const said = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: sources });
    return { dir, image: said.trim().split('\n').at(-1) ?? '' };
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
}
