import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import type { PageFiles } from '../src/dashboard/built-page.ts';

const root = dirname(import.meta.dirname);
const source = join(root, 'src/dashboard/page');

/** The dashboard's page: every file of it, small enough to be a part of the command line tool. */
export async function buildPage(): Promise<{ files: PageFiles; metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    entryPoints: { app: join(source, 'main.tsx'), style: join(source, 'app.css') },
    outdir: '/',
    absWorkingDir: root,
    bundle: true,
    write: false,
    platform: 'browser',
    // What has light-dark() in its style sheets.
    target: ['es2023', 'chrome123', 'firefox120', 'safari17.5'],
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  const text = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  const files: PageFiles = {
    '/': { type: 'text/html; charset=utf-8', text: await readFile(join(source, 'index.html'), 'utf8') },
    '/app.js': { type: 'text/javascript; charset=utf-8', text: text('.js') },
    '/app.css': { type: 'text/css; charset=utf-8', text: text('.css') },
    '/icon.svg': { type: 'image/svg+xml', text: await readFile(join(source, 'icon.svg'), 'utf8') },
  };
  return { files, metafile };
}

/** Puts the page into a bundle, in the place of the file that says there is none. */
export function pagePlugin(files: PageFiles): Plugin {
  return {
    name: 'dashboard-page',
    setup: (building) => {
      building.onLoad({ filter: /[\\/]src[\\/]dashboard[\\/]built-page\.ts$/ }, () => ({
        contents: `export const BUILT_PAGE = ${JSON.stringify(files)};`,
        loader: 'js',
      }));
    },
  };
}
