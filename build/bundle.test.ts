import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { bundle } from './bundle.ts';

test('a bundle runs away from the sources, loads lazy imports, and takes the licences along', async () => {
  const work = mkdtempSync(join(tmpdir(), 'bundle-test-'));
  onTestFinished(() => rmSync(work, { recursive: true }));
  // Resolved from where the entry is, so it names the package by its place in this project.
  const packages = join(import.meta.dirname, '../node_modules');
  writeFileSync(
    join(work, 'entry.ts'),
    `import { pino } from '${packages}/pino/pino.js';
     const { dump } = await import('${packages}/js-yaml/dist/js-yaml.mjs');
     pino({ base: null, timestamp: false }).info(dump({ lazy: true }).trim());`,
  );
  const outDir = join(work, 'out');
  const files = await bundle({ entry: join(work, 'entry.ts'), outDir });

  expect(files[0]).toBe('main.js');
  const output = execFileSync(process.execPath, [join(outDir, 'main.js')], { cwd: '/', encoding: 'utf8' });
  expect(JSON.parse(output)).toEqual({ level: 30, msg: 'lazy: true' });
  expect(files.some((name) => name.startsWith('js-yaml'))).toBe(true);
  expect(files.filter((name) => name.endsWith('.map'))).toEqual([]);
  expect(readdirSync(outDir)).toContain('main.js.map');
  const licenses = readFileSync(join(outDir, 'licenses.txt'), 'utf8');
  expect(licenses).toContain('== pino ');
  expect(licenses).toContain('== js-yaml ');
  expect(licenses).not.toContain('/node_modules');
});

test('the operator is bundled the same twice, byte for byte, and says what is in it', async () => {
  const work = mkdtempSync(join(tmpdir(), 'bundle-test-'));
  onTestFinished(() => rmSync(work, { recursive: true }));
  const entry = join(import.meta.dirname, '../src/main.ts');
  const made = [];
  for (const name of ['one', 'two']) {
    const outDir = join(work, name);
    const files = await bundle({ entry, outDir });
    made.push(files.map((file) => ({ file, bytes: readFileSync(join(outDir, file)) })));
  }
  const [one, two] = made;
  expect(one?.map(({ file }) => file)).toEqual(two?.map(({ file }) => file));
  for (const [index, { file, bytes }] of (one ?? []).entries())
    expect(bytes.equals(two?.[index]?.bytes ?? Buffer.of()), file).toBe(true);

  const document = readFileSync(join(work, 'one', 'sbom.cdx.json'), 'utf8');
  const { components } = JSON.parse(document) as { components: { name: string; version: string }[] };
  const licenses = readFileSync(join(work, 'one', 'licenses.txt'), 'utf8');
  const licensed = [...licenses.matchAll(/^== (\S+) (\S+) \(/gm)].map(
    ([, name, version]) => `${name} ${version}`,
  );
  expect(components.map(({ name, version }) => `${name} ${version}`).toSorted()).toEqual(licensed.toSorted());
  // Of the operator and of the page in the browser.
  expect(licensed.filter((each) => /^(pino|preact) /.test(each))).toHaveLength(2);
  for (const each of components) expect(each).toMatchObject({ hashes: [{ alg: 'SHA-512' }] });
});
