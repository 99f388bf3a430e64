import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { posix } from 'node:path';

/**
 * One member of a tar file. `path` is relative, without a leading `./`. Owner and group are numeric and 0
 * unless told; mode is 0755 for folders and 0644 for files unless told.
 */
export type TarEntry = { path: string; mode?: number; uid?: number; gid?: number } & (
  | { kind: 'directory' }
  | { kind: 'file'; from: string }
  | { kind: 'file'; content: string | Uint8Array }
  | { kind: 'symlink'; target: string }
);

const BLOCK = 512;

/**
 * The bytes of an uncompressed ustar file. The same entries give the same bytes in whatever order they are
 * named: members are sorted, times are 0, missing parent folders are added. Two entries of one path are an
 * error, because which of them wins would depend on who unpacks.
 */
export async function* tarBytes(entries: TarEntry[]): AsyncGenerator<Uint8Array> {
  for (const entry of complete(entries)) {
    if (entry.kind !== 'file') {
      yield header(entry, 0);
    } else if ('content' in entry) {
      const bytes = Buffer.from(entry.content);
      yield header(entry, bytes.length);
      yield bytes;
      yield padding(bytes.length);
    } else {
      const { size } = await stat(entry.from);
      yield header(entry, size);
      let read = 0;
      for await (const chunk of createReadStream(entry.from, { highWaterMark: 1 << 20 })) {
        read += (chunk as Buffer).length;
        yield chunk as Buffer;
      }
      if (read !== size) throw new Error(`${entry.from} changed its size while it was read`);
      yield padding(size);
    }
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** The entries with their parent folders, a folder always before what is in it. */
function complete(entries: TarEntry[]): TarEntry[] {
  const byPath = new Map<string, TarEntry>();
  for (const entry of entries) {
    if (byPath.has(entry.path)) throw new Error(`two tar entries are called ${entry.path}`);
    byPath.set(entry.path, entry);
  }
  for (const { path } of entries) {
    for (let parent = posix.dirname(path); parent !== '.'; parent = posix.dirname(parent)) {
      if (!byPath.has(parent)) byPath.set(parent, { kind: 'directory', path: parent });
    }
  }
  return [...byPath.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const { prefix, name } = splitPath(entry.kind === 'directory' ? `${entry.path}/` : entry.path);
  block.write(name, 0, 100);
  block.write(octal(entry.mode ?? (entry.kind === 'directory' ? 0o755 : 0o644), 8), 100);
  block.write(octal(entry.uid ?? 0, 8), 108);
  block.write(octal(entry.gid ?? 0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write('        ', 148);
  block.write({ directory: '5', file: '0', symlink: '2' }[entry.kind], 156);
  if (entry.kind === 'symlink') {
    if (Buffer.byteLength(entry.target) > 100) throw new Error(`symlink target too long: ${entry.target}`);
    block.write(entry.target, 157, 100);
  }
  block.write('ustar\x0000', 257);
  block.write(prefix, 345, 155);
  // The checksum is the sum of the header's bytes with its own field read as eight spaces.
  block.write(
    `${octal(
      block.reduce((sum, byte) => sum + byte),
      7,
    )} `,
    148,
  );
  return block;
}

/** ustar keeps 100 bytes of name and 155 of leading folders. */
function splitPath(path: string): { prefix: string; name: string } {
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path };
  for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1)) {
    const [prefix, name] = [path.slice(0, cut), path.slice(cut + 1)];
    if (name !== '' && Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) {
      return { prefix, name };
    }
  }
  throw new Error(`path too long for a tar header: ${path}`);
}

function octal(value: number, width: number): string {
  const digits = value.toString(8).padStart(width - 1, '0');
  if (digits.length > width - 1) throw new Error(`${value} does not fit a tar header field`);
  return `${digits}\0`;
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}
