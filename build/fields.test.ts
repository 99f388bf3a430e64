import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { crdOf } from '../src/api/crd/crd.ts';
import { customKinds } from '../src/api/kinds.ts';
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

  it('tells of every rule, those of an object as a whole too', () => {
    const page = [...fieldsFiles().values()].join('\n').replaceAll('&lt;', '<').replaceAll('\\|', '|');
    const rules = JSON.stringify(customKinds.map(crdOf)).matchAll(
      /"rule":"(?:[^"\\]|\\.)*","message":("(?:[^"\\]|\\.)*")/g,
    );
    const messages = [...rules].map(([, message = '""']) => JSON.parse(message) as string);
    expect(messages.length).toBeGreaterThan(70);
    expect(messages.filter((message) => !page.includes(`- ${message}`))).toEqual([]);
  });
});
