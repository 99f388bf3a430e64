import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Metafile } from 'esbuild';

const root = dirname(import.meta.dirname);

/** What package-lock.json knows of one package; the root of the project has no integrity. */
interface Locked {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
}

interface LockFile {
  readonly packages: Readonly<Record<string, Locked>>;
}

/** Folders below node_modules of the packages of which something is in these bundles, sorted. */
export function bundledFolders(...metafiles: readonly Metafile[]): string[] {
  const folders = new Set<string>();
  for (const path of metafiles.flatMap(({ inputs }) => Object.keys(inputs))) {
    const match = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path);
    if (match !== null) folders.add(match[0]);
  }
  return [...folders].toSorted();
}

/**
 * What is in these bundles, as a CycloneDX 1.6 document in JSON: each package with version, licence, purl and the hash of
 * its archive as package-lock.json has it. Without a date or a serial number: the same bundle has the same document.
 */
export async function sbom(name: string, ...metafiles: readonly Metafile[]): Promise<string> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as LockFile;
  return sbomOf(name, lock, bundledFolders(...metafiles));
}

export function sbomOf(name: string, { packages }: LockFile, folders: readonly string[]): string {
  const own = packages[''] ?? {};
  const components = folders.map((folder) => {
    // A worktree may have its packages elsewhere.
    const key = folder.slice(folder.indexOf('node_modules/'));
    const locked = packages[key];
    if (locked === undefined) throw new Error(`package-lock.json does not know ${key}`);
    return component('library', locked.name ?? key.slice(key.lastIndexOf('node_modules/') + 13), locked);
  });
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: component('application', name, own) },
    components: components.toSorted((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function component(type: 'application' | 'library', name: string, locked: Locked) {
  const { version = '', license, integrity } = locked;
  // Of a scope the sign is encoded, and not the slash: it is the namespace.
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return {
    type,
    'bom-ref': purl,
    name,
    version,
    ...(license === undefined ? {} : { licenses: [licence(license)] }),
    purl,
    ...(integrity === undefined ? {} : { hashes: integrity.split(' ').map(hash) }),
  };
}

function licence(words: string) {
  return /[ (]/.test(words) ? { expression: words } : { license: { id: words } };
}

/** @param integrity as npm writes it: `sha512-<base64>` */
function hash(integrity: string) {
  const [algorithm = '', digest = ''] = integrity.split(/-(.*)/s);
  return { alg: algorithm.replace('sha', 'SHA-'), content: Buffer.from(digest, 'base64').toString('hex') };
}
