import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type TarEntry, tarBytes } from './tar.ts';

const work = mkdtempSync(join(tmpdir(), 'tar-test-'));
afterAll(() => rmSync(work, { recursive: true }));

async function bytes(entries: TarEntry[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of tarBytes(entries)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What the system's tar reads: mode, owner/group, size, name. */
async function listed(entries: TarEntry[]): Promise<string[]> {
  const listing = execFileSync('tar', ['tvf', '-', '--numeric-owner'], {
    input: await bytes(entries),
    encoding: 'utf8',
  });
  return listing
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/ +(\d+) 1970-01-01 \d\d:\d\d /, ' $1 '));
}

test('folders come before what is in them, with owner, group and mode as told', async () => {
  const from = join(work, 'program');
  writeFileSync(from, 'x'.repeat(1000));
  const entries: TarEntry[] = [
    { kind: 'file', path: 'usr/bin/program', from, mode: 0o755, uid: 1500, gid: 1600 },
    { kind: 'directory', path: 'tmp', mode: 0o1777 },
    { kind: 'symlink', path: 'bin', target: 'usr/bin' },
    { kind: 'file', path: 'etc/motd', content: 'hello' },
  ];
  expect(await listed(entries)).toEqual([
    'lrw-r--r-- 0/0 0 bin -> usr/bin',
    'drwxr-xr-x 0/0 0 etc/',
    '-rw-r--r-- 0/0 5 etc/motd',
    'drwxrwxrwt 0/0 0 tmp/',
    'drwxr-xr-x 0/0 0 usr/',
    'drwxr-xr-x 0/0 0 usr/bin/',
    '-rwxr-xr-x 1500/1600 1000 usr/bin/program',
  ]);
});

test('the order of the entries does not change the bytes', async () => {
  const a: TarEntry = { kind: 'file', path: 'a/b', content: '1' };
  const b: TarEntry = { kind: 'file', path: 'a-b', content: '2' };
  expect(await bytes([a, b])).toEqual(await bytes([b, a]));
});

test('contents survive at sizes around the block size', async () => {
  for (const size of [0, 1, 511, 512, 513, 1024]) {
    const content = Buffer.alloc(size, 7);
    const out = execFileSync('tar', ['xOf', '-', 'f'], {
      input: await bytes([{ kind: 'file', path: 'f', content }]),
    });
    expect(out.equals(content), `${size} bytes`).toBe(true);
  }
});

test('a path of up to 255 bytes is split into prefix and name, a longer one is refused', async () => {
  const path = `${'d'.repeat(120)}/${'n'.repeat(100)}`;
  const lines = await listed([
    { kind: 'directory', path: `${'d'.repeat(90)}` },
    { kind: 'file', path: `${'d'.repeat(90)}/${'n'.repeat(100)}`, content: '' },
  ]);
  expect(lines[1]).toBe(`-rw-r--r-- 0/0 0 ${'d'.repeat(90)}/${'n'.repeat(100)}`);
  await expect(bytes([{ kind: 'file', path: `${path}n`, content: '' }])).rejects.toThrow('too long');
});

test('two entries of one path are refused', async () => {
  const entry: TarEntry = { kind: 'file', path: 'f', content: '' };
  await expect(bytes([entry, entry])).rejects.toThrow('two tar entries are called f');
});
