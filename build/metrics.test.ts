import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { metricsFiles } from './metrics.ts';

test('the page of metrics is what the operator registers (npm run generate)', async () => {
  for (const [path, content] of await metricsFiles())
    expect(await readFile(path, 'utf8'), path).toBe(content);
});

test('every metric that the sources name is on the page', async () => {
  const [page = ''] = (await metricsFiles()).values();
  const files = (await readdir('src/telemetry')).filter((name) => !name.endsWith('.test.ts'));
  const sources = await Promise.all(files.map((name) => readFile(`src/telemetry/${name}`, 'utf8')));
  const named = sources.flatMap((source) => source.match(/(?<=')influxaddon_[a-z0-9_]+(?=')/g) ?? []);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
