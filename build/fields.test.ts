import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { fieldsFiles } from './fields.ts';

describe('the reference of fields', () => {
  it('is what the definitions say (npm run generate)', async () => {
    for (const [path, content] of fieldsFiles()) expect(await readFile(path, 'utf8'), path).toBe(content);
  });

  it('tells of each field what it is', () => {
    const rows = [...fieldsFiles().values()].flatMap((text) => text.match(/^\| \*{0,2}`.*$/gm) ?? []);
    expect(rows.length).toBeGreaterThan(300);
    expect(rows.filter((row) => !/^\| \S+ \| [^|]+ \| \S.* \|$/.test(row))).toEqual([]);
  });
});
