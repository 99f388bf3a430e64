import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** The files below a folder: the objects of the S3 server's bucket, or of a volume. Sorted. */
export async function objectsOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((key) => !key.startsWith('.sgwtmp'))
    .toSorted();
}
