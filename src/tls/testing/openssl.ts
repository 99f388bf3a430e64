import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether the command is there (Debian's package `openssl`): a reader of certificates that is not of our making. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** Runs openssl in a folder with these files and returns all it prints, its exit code on the last line. */
export function openssl(args: readonly string[], files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'openssl-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const { stdout, stderr, status } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    return `${stdout}${stderr}exit ${status}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
