import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { layerViolations } from './layers.ts';

const roots: string[] = [];

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

function violationsOf(files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'layers-'));
  roots.push(root);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return layerViolations(root);
}

const lines = (count: number) => '// a line\n'.repeat(count);

describe('the layers', () => {
  it('let what is lower be imported from above', () => {
    const files = {
      'src/addon/decide.ts': "import type { World } from './world/world.ts';\nimport '../api/kinds.ts';\n",
      'src/addon/world/world.ts': '',
      'src/api/kinds.ts': '',
    };
    expect(violationsOf(files)).toEqual([]);
  });

  it.each([
    [
      'a folder',
      { 'src/api/a.ts': "import type { B } from '../addon/world/b.ts';", 'src/addon/world/b.ts': '' },
      'api may not import addon',
    ],
    [
      'a room',
      { 'src/addon/pod/a.ts': "import '../tls/b.ts';", 'src/addon/tls/b.ts': '' },
      'the room pod may not import from tls',
    ],
    [
      'a room of the story',
      { 'src/addon/pod/a.ts': "import '../decide.ts';", 'src/addon/decide.ts': '' },
      'the room pod may not import from decide.ts',
    ],
    ['a folder without a place', { 'src/elsewhere/a.ts': '' }, 'the folder elsewhere has no place'],
    ['a room without a place', { 'src/addon/elsewhere/a.ts': '' }, 'the room elsewhere has no place'],
    [
      'a test of a room that nobody has to like',
      { 'src/addon/pod/a.test.ts': "import '../tls/b.ts';" },
      undefined,
    ],
    [
      'what knows one engine',
      { 'src/addon/pod/a.ts': "import '../../influx/v1/b.ts';", 'src/influx/v1/b.ts': '' },
      'the door is src/influx/engine.ts',
    ],
    ['a socket', { 'src/kube/a.ts': "import { connect } from 'node:net';" }, 'outside the funnels'],
  ])('say what is wrong with %s', (_, files, sentence) => {
    const found = violationsOf(files);
    if (sentence === undefined) expect(found).toEqual([]);
    else expect(found).toEqual([expect.stringContaining(sentence)]);
  });

  it('see a circle, over types too, and once', () => {
    const files = {
      'src/kube/a.ts': "import { b } from './b.ts';",
      'src/kube/b.ts': "import { c } from './c.ts';",
      'src/kube/c.ts': "import type { A } from './a.ts';",
    };
    expect(violationsOf(files)).toEqual([
      'a circle of imports: src/kube/a.ts -> src/kube/b.ts -> src/kube/c.ts -> src/kube/a.ts',
    ]);
  });

  it('hold files, steps and folders to their size', () => {
    expect(violationsOf({ 'src/kube/a.ts': lines(250), 'src/addon/pod/step.ts': lines(150) })).toEqual([]);
    expect(violationsOf({ 'src/kube/a.ts': lines(251) })).toEqual([
      'src/kube/a.ts: 251 lines, allowed are 250',
    ]);
    expect(violationsOf({ 'src/addon/pod/step.ts': lines(151) })).toEqual([
      'src/addon/pod/step.ts: 151 lines, allowed are 150',
    ]);
    const folder = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`src/kube/f${index}.ts`, '']));
    expect(violationsOf({ ...folder(15), 'src/kube/f0.test.ts': '' })).toEqual([]);
    expect(violationsOf(folder(16))).toEqual(['src/kube: 16 files beside each other, allowed are 15']);
  });
});
