import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { licenses } from './bundle.ts';
import { buildPage, pagePlugin } from './dashboard-page.ts';
import { sbom } from './sbom.ts';

const root = dirname(import.meta.dirname);

/** kubectl finds a plugin by the name of an executable file in PATH. */
export const CLI_FILE = 'kubectl-influx';

/**
 * Bundles the command line tool into one executable file in `outDir`, with the licences and a list of
 * what is in it (CycloneDX) beside it. What a command does
 * not need is parsed and not run: imports that are lazy in the sources stay so.
 * @returns the path of the file
 */
export async function bundleCli(outDir: string): Promise<string> {
  return (await buildCli(outDir)).file;
}

/** The same, with what esbuild knows of the tool, without that of the page in it. */
export async function buildCli(outDir: string): Promise<{ file: string; metafile: Metafile }> {
  const outfile = join(outDir, CLI_FILE);
  await mkdir(outDir, { recursive: true });
  const page = await buildPage();
  const { metafile } = await build({
    plugins: [pagePlugin(page.files)],
    entryPoints: [join(root, 'src/cli/main.ts')],
    outfile,
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // A file without an ending is CommonJS to Node; as a module it would be parsed twice.
    format: 'cjs',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  await chmod(outfile, 0o755);
  await writeFile(join(outDir, `${CLI_FILE}.licenses.txt`), await licenses(metafile, page.metafile));
  await writeFile(join(outDir, `${CLI_FILE}.sbom.cdx.json`), await sbom(CLI_FILE, metafile, page.metafile));
  return { file: outfile, metafile };
}

if (import.meta.main) console.log(await bundleCli(join(root, 'dist/cli')));
