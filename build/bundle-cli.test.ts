import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { load } from 'js-yaml';
import { expect, onTestFinished, test } from 'vitest';
import { VERBS } from '../src/cli/verbs.ts';
import { buildCli } from './bundle-cli.ts';
import { packageCli } from './package-cli.ts';

function folder(): string {
  const work = mkdtempSync(join(tmpdir(), 'cli-test-'));
  onTestFinished(() => rmSync(work, { recursive: true }));
  return work;
}

interface KrewManifest {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly version: string;
    readonly platforms: readonly {
      readonly uri: string;
      readonly sha256: string;
      readonly bin: string;
      readonly files: readonly { readonly from: string }[];
    }[];
  };
}

test('the archive is the same twice, and runs where it is unpacked, as krew and npm are told', async () => {
  const work = folder();
  const [{ archive, manifest }, again] = [
    await packageCli(join(work, 'one'), 'https://example.com/releases/'),
    await packageCli(join(work, 'two')),
  ];
  const bytes = readFileSync(archive);
  expect(readFileSync(again.archive).equals(bytes)).toBe(true);

  execFileSync('tar', ['-xzf', archive, '-C', work]);
  const unpacked = join(work, 'package');
  const { spec, metadata } = load(readFileSync(manifest, 'utf8')) as KrewManifest;
  const [platform] = spec.platforms;
  expect(platform?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  expect(platform?.uri).toBe(`https://example.com/releases/${archive.split('/').at(-1)}`);
  for (const { from } of platform?.files ?? []) expect(statSync(join(work, from)).isFile(), from).toBe(true);
  expect(`kubectl-${metadata.name}`).toBe(platform?.bin);

  const described = JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8')) as {
    version: string;
    type?: string;
    bin: Record<string, string>;
  };
  expect(described.type).toBeUndefined();
  expect(described.bin).toEqual({ 'kubectl-influx': platform?.bin });
  const program = join(unpacked, described.bin['kubectl-influx'] ?? '');
  expect(statSync(program).mode & 0o777).toBe(0o755);
  expect(readdirSync(unpacked)).toContain('LICENSE');

  const run = (...args: string[]) =>
    execFileSync(process.execPath, [program, ...args], { cwd: '/', env: {}, encoding: 'utf8' });
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
    version: string;
  };
  expect([run('version').trim(), described.version, spec.version]).toEqual([version, version, `v${version}`]);
  const help = run('--help');
  for (const { name } of VERBS) expect(help).toContain(name);
});

test('neither help nor a list of addons loads the client for S3, the page in the browser or its charts', async () => {
  const { metafile } = await buildCli(folder());
  const help = loadedBy(metafile, ['src/cli/main.ts']);
  // What a list asks for when it is run: the verb, and the cluster.
  const verb = [...help].flatMap((path) => lazyImportsOf(metafile, path)).filter((path) => /list/.test(path));
  expect(verb).toHaveLength(1);
  const list = loadedBy(metafile, ['src/cli/main.ts', 'src/cli/cluster.ts', ...verb]);
  const heavy = /node_modules\/(@aws-sdk|@smithy|uplot|preact)\/|src\/dashboard\/built-page\.ts$/;
  expect([...help, ...list].filter((path) => heavy.test(path))).toEqual([]);
  expect(list.size).toBeGreaterThan(help.size);
  // They are in it, for whoever asks for them.
  const all = Object.keys(metafile.inputs);
  expect(all.some((path) => path.includes('node_modules/@aws-sdk/client-s3/'))).toBe(true);
  expect(all).toContain('src/dashboard/built-page.ts');
});

/** What runs as soon as these do: lazy imports are not followed. */
function loadedBy({ inputs }: Metafile, entries: readonly string[]): Set<string> {
  const loaded = new Set<string>();
  const waiting = [...entries];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (loaded.has(path)) continue;
    loaded.add(path);
    const input = inputs[path];
    if (input === undefined) throw new Error(`${path} is not in the bundle`);
    for (const next of input.imports)
      if (next.kind !== 'dynamic-import' && next.external !== true) waiting.push(next.path);
  }
  return loaded;
}

function lazyImportsOf({ inputs }: Metafile, path: string): string[] {
  return (inputs[path]?.imports ?? [])
    .filter(({ kind }) => kind === 'dynamic-import')
    .map((each) => each.path);
}
