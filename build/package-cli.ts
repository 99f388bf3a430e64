import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { dump } from 'js-yaml';
import { pack } from 'tar-stream';
import { bundleCli, CLI_FILE } from './bundle-cli.ts';

const root = dirname(import.meta.dirname);

/** The one folder in the archive, called as npm wants it. */
const FOLDER = 'package';
/** Krew calls a plugin by what comes after `kubectl `. */
const PLUGIN = 'influx';
const SUMMARY = 'Operate InfluxDB addons of applications';
const DESCRIPTION = [
  'Makes, changes, watches and backs up InfluxAddons with your own rights, by edits of what is asked for,',
  'and shows what comes of it; with a page in the browser.',
];

interface Project {
  readonly version: string;
  readonly license: string;
  readonly engines: { readonly node: string };
}

/**
 * Makes the command line tool as it is published, in `outDir`: one archive that both krew and npm install, the same bytes
 * from the same sources, and the manifest of krew with its hash.
 *
 * @param base where the archive will be fetched from; without it the manifest is for `kubectl krew install --archive`
 * @returns the paths of both
 */
export async function packageCli(outDir: string, base = ''): Promise<{ archive: string; manifest: string }> {
  const project = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Project;
  const file = `${CLI_FILE}-${project.version}.tar.gz`;
  const bytes = await archived(project);
  await mkdir(outDir, { recursive: true });
  const archive = join(outDir, file);
  await writeFile(archive, bytes);
  const manifest = join(outDir, `${PLUGIN}.yaml`);
  const uri = base === '' ? file : `${base.replace(/\/$/, '')}/${file}`;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await writeFile(manifest, dump(krewManifest(project, uri, sha256), { lineWidth: 100 }));
  return { archive, manifest };
}

async function archived(project: Project): Promise<Buffer> {
  const work = await mkdtemp(join(tmpdir(), 'package-cli-'));
  try {
    await bundleCli(work);
    const beside = [`${CLI_FILE}.licenses.txt`, `${CLI_FILE}.sbom.cdx.json`];
    const files: [name: string, content: Buffer | string, mode: number][] = [
      [CLI_FILE, await readFile(join(work, CLI_FILE)), 0o755],
      ...(await Promise.all(
        beside.map(
          async (name) => [name, await readFile(join(work, name)), 0o644] as [string, Buffer, number],
        ),
      )),
      ['LICENSE', await readFile(join(root, 'LICENSE')), 0o644],
      ['package.json', `${JSON.stringify(npmManifest(project), null, 2)}\n`, 0o644],
    ];
    const tar = pack();
    // Nobody's, and of no time: what is in it decides about its bytes.
    for (const [name, content, mode] of files)
      tar.entry({ name: `${FOLDER}/${name}`, mode, mtime: new Date(0), uid: 0, gid: 0 }, content);
    tar.finalize();
    return gzipSync(await buffer(tar), { level: 9 });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The file has no ending and is CommonJS: no `type` may say otherwise. */
function npmManifest({ version, license, engines }: Project) {
  return {
    name: CLI_FILE,
    version,
    description: SUMMARY,
    license,
    engines,
    bin: { [CLI_FILE]: CLI_FILE },
  };
}

function krewManifest({ version, engines }: Project, uri: string, sha256: string) {
  const from = (name: string) => ({ from: `${FOLDER}/${name}`, to: '.' });
  return {
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: PLUGIN },
    spec: {
      version: `v${version}`,
      shortDescription: SUMMARY,
      description: `${DESCRIPTION.join(' ')}\n`,
      caveats: `Needs Node ${engines.node.replace(/\D+/, '')} or newer in the PATH.\n`,
      platforms: [
        {
          selector: { matchExpressions: [{ key: 'os', operator: 'In', values: ['linux', 'darwin'] }] },
          uri,
          sha256,
          files: [from(CLI_FILE), from('LICENSE')],
          bin: CLI_FILE,
        },
      ],
    },
  };
}

if (import.meta.main) {
  const { archive, manifest } = await packageCli(join(root, 'dist/cli'), process.argv[2]);
  console.log(`${archive}\n${manifest}`);
}
