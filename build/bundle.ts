import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';
import { buildPage, pagePlugin } from './dashboard-page.ts';
import { bundledFolders, sbom } from './sbom.ts';

const root = dirname(import.meta.dirname);

/** Called as a command it bundles the operator into dist/. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await bundle({ entry: join(root, 'src/main.ts'), outDir: join(root, 'dist') });
}

/**
 * Bundles `entry` and what it imports into `outDir`, emptied first: main.js, a chunk for each module that is
 * imported lazily (the page for browsers in one of them), a source map beside each, and licenses.txt and
 * sbom.cdx.json for everything that came from npm.
 *
 * Names are kept and only white space and syntax are made small: a stack trace in a log then reads without the
 * map, which need not be in the image (Node keeps a parsed map in memory).
 *
 * @param options.plugins for a build that is not the shipped one
 * @returns names of the files to run it, main.js first, without the maps
 */
export async function bundle(options: {
  entry: string;
  outDir: string;
  plugins?: Plugin[];
}): Promise<string[]> {
  const { entry, outDir, plugins = [] } = options;
  await rm(outDir, { recursive: true, force: true });
  const page = await buildPage();
  const result = await build({
    entryPoints: { main: entry },
    plugins: [pagePlugin(page.files), ...plugins],
    outdir: outDir,
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    // CommonJS packages call require for Node's own modules, which a module does not have.
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
  });
  await mkdir(outDir, { recursive: true });
  const metafiles = [result.metafile, page.metafile];
  await writeFile(join(outDir, 'licenses.txt'), await licenses(...metafiles));
  await writeFile(join(outDir, 'sbom.cdx.json'), await sbom('influxaddon-operator', ...metafiles));
  const names = Object.keys(result.metafile.outputs)
    .map((path) => basename(path))
    .filter((name) => name.endsWith('.js'));
  const others = names.filter((name) => name !== 'main.js').toSorted();
  return ['main.js', ...others, 'licenses.txt', 'sbom.cdx.json'];
}

/** The licences ask that their text goes along with the code. */
export async function licenses(...metafiles: readonly Metafile[]): Promise<string> {
  const texts: string[] = [];
  for (const folder of bundledFolders(...metafiles)) {
    const dir = join(root, folder);
    const manifest = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
      license?: string;
    };
    const file = (await readdir(dir)).find((name) => /^licen[cs]e/i.test(name));
    const text = file === undefined ? '' : await readFile(join(dir, file), 'utf8');
    texts.push(
      `== ${manifest.name} ${manifest.version} (${manifest.license ?? 'see text'})\n${text.trim()}\n`,
    );
  }
  return texts.join('\n');
}
