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
