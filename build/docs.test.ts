import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { ADDON_ROOMS } from './layers.ts';

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'test/README.md',
  ...(await readdir('docs')).map((name) => `docs/${name}`),
];
const texts = new Map(
  await Promise.all(pages.map(async (page) => [page, await readFile(page, 'utf8')] as const)),
);
const architecture = texts.get('docs/architecture.md') ?? '';

test('the README links to every page', () => {
  const readme = texts.get('README.md') ?? '';
  expect(pages.filter((page) => page !== 'README.md' && !readme.includes(`](${page})`))).toEqual([]);
});

test('every link within the repository leads to a file, and to a heading where it names one', () => {
  const broken = [...texts].flatMap(([page, text]) =>
    [...text.matchAll(/\]\(((?!\w+:)[^)#\s]*)(?:#([^)\s]*))?\)/g)]
      .filter(([, file = '', heading]) => {
        const target = file === '' ? page : normalize(join(dirname(page), file));
        if (heading === undefined) return !existsSync(target);
        return !headingsOf(texts.get(target) ?? '').includes(heading);
      })
      .map(([link]) => `${page}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test('every name that a page links to a source file is declared there', () => {
  const links = [...texts].flatMap(([page, text]) =>
    [...text.matchAll(/\[`(\w+)`\]\(([^)#\s]+\.tsx?)\)/g)].map(([link, name = '', path = '']) => {
      const file = join(dirname(page), path);
      return {
        shown: `${page}: ${link}`,
        isRight: existsSync(file) && declares(readFileSync(file, 'utf8'), name),
      };
    }),
  );
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter(({ isRight }) => !isRight).map(({ shown }) => shown)).toEqual([]);
});

test('every file and folder of the repository that a page names is there', () => {
  const endings = ['', '.ts', '.test.ts', '.exhaustive.test.ts'];
  const missing = [...texts].flatMap(([page, text]) =>
    [...text.matchAll(/`((?:build|charts|crds|deploy|docs|src|test)\/[\w./-]*)`/g)]
      .filter(([, path]) => !endings.some((ending) => existsSync(`${path}${ending}`)))
      .map(([, path]) => `${page}: ${path}`),
  );
  expect(missing).toEqual([]);
});

test('everything is decided where the page on the architecture says', async () => {
  const rows = sectionOf('Where is X decided?').match(/^\| (?!what \|).*$/gm) ?? [];
  expect(rows.length).toBeGreaterThanOrEqual(30);
  const right = await Promise.all(
    rows.map(async (row) => {
      const [, shown, link = '', functions = ''] = /^\| .+ \| \[`(.+)`\]\((.+)\) \| (.+) \|$/.exec(row) ?? [];
      const file = normalize(join('docs', link));
      const names = functions.match(/(?<=`)\w+(?=`)/g) ?? [];
      if (file !== shown || names.length === 0) return false;
      const source = await readFile(file, 'utf8');
      return names.every((name) => declares(source, name));
    }),
  );
  expect(rows.filter((_, index) => right[index] !== true)).toEqual([]);
});

test('the page on the architecture has every folder, and every room in its place', async () => {
  const folders = (await readdir('src', { withFileTypes: true })).filter((each) => each.isDirectory());
  const shown = firstColumnOf(sectionOf('The folders of src'));
  expect(shown.toSorted()).toEqual(folders.map(({ name }) => name).toSorted());
  expect(firstColumnOf(sectionOf('The rooms of src/addon'))).toEqual(ADDON_ROOMS);
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

/** Of the page on the architecture, with the sections below it. */
function sectionOf(heading: string): string {
  const [, after = ''] = architecture.split(`\n## ${heading}\n`);
  return after.split('\n## ')[0] ?? '';
}

function firstColumnOf(section: string): string[] {
  return [...section.matchAll(/^\| `(.+?)` \|/gm)].map(([, cell = '']) => cell);
}

/** Not within a function: somebody who searches the file for the name finds it at the start of a line. */
function declares(source: string, name: string): boolean {
  return new RegExp(`^(export )?(async )?(function\\*?|class|const|interface|type) ${name}\\b`, 'm').test(
    source,
  );
}
