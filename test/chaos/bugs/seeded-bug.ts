import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadProduct, type Product, SOURCES } from '../product.ts';

/** A bug to be put into a copy of the sources: shows that the harness notices what it is there for. */
export interface SeededBug {
  readonly name: string;
  /** What is wrong, as a sentence. */
  readonly about: string;
  /** A bug of another operator that has this shape. */
  readonly shape?: string;
  /** Below src. */
  readonly file: string;
  /** Occurs in it exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The seed of the run that catches it. */
  readonly caughtBy: string;
}

/** Beside the repository's own node_modules, so that the copy finds them; ignored by git. */
const FOLDER = join(SOURCES, '../artefacts/chaos/bugs');

/** Loads the operator with the bug in it. */
export async function loadWithBug({ name, file, find, replace }: SeededBug): Promise<Product> {
  const root = join(FOLDER, name);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  cpSync(SOURCES, join(root, 'src'), { recursive: true });
  cpSync(join(SOURCES, '../package.json'), join(root, 'package.json'));
  const path = join(root, 'src', file);
  const text = readFileSync(path, 'utf8');
  if (text.split(find).length !== 2)
    throw new Error(`the bug ${name} no longer fits src/${file}: seed it anew, where the same goes wrong`);
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
  return await loadProduct(join(root, 'src'));
}

/** What it replaces is there, and only once. */
export function fits({ file, find }: Pick<SeededBug, 'file' | 'find'>): boolean {
  return readFileSync(join(SOURCES, file), 'utf8').split(find).length === 2;
}
