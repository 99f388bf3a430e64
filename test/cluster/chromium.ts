import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dependenciesOf, unpackedPackages } from './images/debian.ts';
import { ensureCached, run } from './toolcache.ts';

export interface Chromium {
  readonly path: string;
  /** What it has to find in its environment, to run from where it was unpacked. */
  readonly environment: Readonly<Record<string, string>>;
  readonly version: string;
}

const PACKAGE = 'chromium-headless-shell';

/** A browser without a screen, out of Debian's packages, with the libraries and the fonts that it wants. */
export async function chromium(say: (line: string) => void = () => {}): Promise<Chromium> {
  const list = await ensureCached(
    'chromium-packages',
    [PACKAGE],
    async (to) => {
      // Of what its common package wants only that package itself: the rest is for desktops.
      const wanted = await dependenciesOf(PACKAGE, (name) => name !== 'chromium-common');
      const packages = wanted.filter(
        (name) => /^(lib|chromium|fontconfig-config)/.test(name) && name !== 'libc6',
      );
      await writeFile(join(to, 'list'), [...packages, 'fonts-dejavu-core'].join('\n'));
    },
    say,
  );
  const packages = (await readFile(join(list, 'list'), 'utf8')).split('\n');
  const root = await unpackedPackages(packages, say);
  const libraries = join(
    root,
    'usr/lib',
    process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu',
  );
  const environment = {
    LD_LIBRARY_PATH: [libraries, join(libraries, 'pulseaudio')].join(':'),
    FONTCONFIG_FILE: join(await fonts(root), 'fonts.conf'),
  };
  const path = join(root, 'usr/lib/chromium/chromium-headless-shell');
  const version = await run(path, ['--version'], { env: environment });
  return { path, environment, version: version.trim() };
}

/** The configuration in the package names folders of a machine that it is installed on. */
async function fonts(root: string): Promise<string> {
  const folders = `<dir>${join(root, 'usr/share/fonts')}</dir><cachedir>${join(root, 'fontcache')}</cachedir>`;
  const mono = '<alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>';
  const text = `<?xml version="1.0"?><fontconfig>${folders}${mono}</fontconfig>\n`;
  return await ensureCached('chromium-fonts', [text], async (to) => {
    await writeFile(join(to, 'fonts.conf'), text);
  });
}
