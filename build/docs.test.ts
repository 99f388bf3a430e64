import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const pages = ['README.md', 'test/README.md', ...(await readdir('docs')).map((name) => `docs/${name}`)];
const texts = new Map(
  await Promise.all(pages.map(async (page) => [page, await readFile(page, 'utf8')] as const)),
);

test('the README links to every page', () => {
  const readme = texts.get('README.md') ?? '';
  expect(pages.filter((page) => page !== 'README.md' && !readme.includes(`](${page})`))).toEqual([]);
});

test('every link within the documentation leads to a page, and to a heading where it names one', () => {
  const broken = [...texts].flatMap(([page, text]) =>
    [...text.matchAll(/\]\(((?!https?:)[^)#\s]+\.md)?(?:#([^)\s]*))?\)/g)]
      .filter(([, file = '', heading]) => {
        const target = file === '' ? page : normalize(join(dirname(page), file));
        const found = texts.get(target);
        return found === undefined || (heading !== undefined && !headingsOf(found).includes(heading));
      })
      .map(([link]) => `${page}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test('every test that the security model names is there', async () => {
  const rows = [...(texts.get('docs/security.md') ?? '').matchAll(/`([a-z/-]+\.test\.ts)`: (.*) \|$/gm)];
  expect(rows.length).toBeGreaterThan(10);
  for (const [, file = '', name = ''] of rows) expect(await readFile(file, 'utf8'), file).toContain(name);
});

/** As they are named in links. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
