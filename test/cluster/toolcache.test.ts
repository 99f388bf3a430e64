import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { waitFor } from './bed-api.ts';
import { cacheRoot, ensureCached, noBuildVariable, run } from './toolcache.ts';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'influxaddon-cache-test-'));
  vi.stubEnv('XDG_CACHE_HOME', home);
  vi.stubEnv(noBuildVariable, undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

test('builds once for callers that ask at the same time, and again for another key', async () => {
  let built = 0;
  const build = async (dir: string): Promise<void> => {
    built += 1;
    await writeFile(join(dir, 'tool'), String(built));
  };
  const [one, two] = await Promise.all([
    ensureCached('tool', ['a'], build),
    ensureCached('tool', ['a'], build),
  ]);
  expect(two).toBe(one);
  expect(await readFile(join(one, 'tool'), 'utf8')).toBe('1');
  expect(await ensureCached('tool', ['b'], build)).not.toBe(one);
  expect(built).toBe(2);
});

test('keeps apart keys whose parts join to the same text', async () => {
  const build = async (): Promise<void> => {};
  expect(await ensureCached('tool', ['ab', 'c'], build)).not.toBe(
    await ensureCached('tool', ['a', 'bc'], build),
  );
});

test('leaves nothing of a build that failed, and tries again', async () => {
  const failing = ensureCached('tool', ['a'], async (dir) => {
    await writeFile(join(dir, 'half'), '');
    throw new Error('no luck');
  });
  await expect(failing).rejects.toThrow('no luck');
  expect(await readdir(cacheRoot())).toEqual([]);
  const dir = await ensureCached('tool', ['a'], (to) => writeFile(join(to, 'whole'), ''));
  expect(await readdir(dir)).toEqual(['whole']);
});

test('builds nothing when it is told not to, says what is missing, and finds what is there', async () => {
  const build = (to: string): Promise<void> => writeFile(join(to, 'tool'), '');
  const dir = await ensureCached('tool', ['a'], build);
  vi.stubEnv(noBuildVariable, '1');
  expect(await ensureCached('tool', ['a'], build)).toBe(dir);
  await expect(ensureCached('tool', ['b'], build)).rejects.toThrow(
    /tool-[0-9a-f]{16} is not in .*Run the preparation first/,
  );
  expect(await readdir(cacheRoot())).toEqual([basename(dir)]);
});

test('takes over from a process that was killed while it built', async () => {
  const program = join(home, 'builder.ts');
  const begun = join(home, 'begun');
  await writeFile(
    program,
    `import { writeFileSync } from 'node:fs';
     import { ensureCached } from ${JSON.stringify(join(import.meta.dirname, 'toolcache.ts'))};
     await ensureCached('tool', ['a'], async (dir) => {
       writeFileSync(dir + '/half', '');
       writeFileSync(${JSON.stringify(begun)}, '');
       await new Promise((resolve) => setTimeout(resolve, 60_000));
     });`,
  );
  const other = spawn(process.execPath, [program], { stdio: 'inherit' });
  await waitFor('the other builder', async () => existsSync(begun), { timeoutMs: PATIENCE_MS });
  let waited = false;
  const ours = ensureCached(
    'tool',
    ['a'],
    (to) => writeFile(join(to, 'whole'), ''),
    () => {
      waited = true;
      other.kill('SIGKILL');
    },
  );
  await once(other, 'exit');
  expect(await readdir(await ours)).toEqual(['whole']);
  expect(waited).toBe(true);
  expect(await readdir(cacheRoot())).toHaveLength(1);
});

test('shows the last lines of a command that failed', async () => {
  const failing = run('sh', ['-c', 'seq 1 100; echo broken >&2; exit 3']);
  await expect(failing).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/exit code 3\n.*100/s),
  });
  await expect(failing).rejects.toThrow(/ {2}broken/);
  await expect(failing).rejects.not.toThrow(/ {2}50\n/);
  await expect(run('no-such-command', [])).rejects.toThrow(/no-such-command could not run/);
});

test('returns what a command wrote and gives it its input', async () => {
  await mkdir(join(home, 'folder'));
  expect(
    await run('sh', ['-c', 'cat; pwd; echo "$GREETING"'], {
      input: 'in ',
      cwd: join(home, 'folder'),
      env: { GREETING: 'hi' },
    }),
  ).toBe(`in ${join(home, 'folder')}\nhi\n`);
});
