import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readKubeconfig } from './kubeconfig.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterAll(() => rm(folder, { recursive: true }));

const base64 = (text: string) => Buffer.from(text).toString('base64');

async function fileOf(name: string, user: object, more: object = {}, cluster: object = {}): Promise<string> {
  const path = join(folder, name);
  const config = {
    'current-context': 'main',
    contexts: [{ name: 'main', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
    clusters: [{ name: 'c', cluster: { server: 'https://api:6443/', ...cluster } }],
    users: [{ name: 'u', user }],
    ...more,
  };
  await writeFile(path, dump(config));
  return path;
}

const read = (path: string) => readKubeconfig({ path, environment: process.env });

test('certificates stand in it or beside it', async () => {
  await writeFile(join(folder, 'ca.pem'), 'CA');
  const user = { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') };
  const path = await fileOf('certificates', user, {}, { 'certificate-authority': 'ca.pem' });
  expect(await read(path)).toEqual({
    server: 'https://api:6443',
    namespace: 'shop',
    ca: 'CA',
    clientCert: 'CERT',
    clientKey: 'KEY',
  });
});

test('a token, a file with one, and a password are told apart', async () => {
  expect(await read(await fileOf('token', { token: 't' }))).toMatchObject({ token: 't' });
  expect(await read(await fileOf('token-file', { tokenFile: 'x', token: 't' }))).toMatchObject({
    tokenFile: join(folder, 'x'),
  });
  const { authorize } = await read(await fileOf('password', { username: 'a', password: 'b' }));
  expect(await authorize?.()).toBe(`Basic ${base64('a:b')}`);
});

test('a plugin is asked with its arguments and variables; what it printed is in no error', async () => {
  const plugin = join(folder, 'plugin.sh');
  await writeFile(plugin, '#!/bin/sh\nprintf \'{"status":{"token":"%s-%s"}}\' "$1" "$EXTRA"\n');
  await chmod(plugin, 0o755);
  const exec = { command: './plugin.sh', args: ['x'], env: [{ name: 'EXTRA', value: 'y' }] };
  expect(await read(await fileOf('plugin', { exec }))).toMatchObject({ token: 'x-y' });
  await writeFile(plugin, '#!/bin/sh\necho Canary; exit 1\n');
  await expect(read(await fileOf('plugin', { exec }))).rejects.toThrow(
    /^the credential plugin .\/plugin.sh: it failed$/,
  );
});

test('a plugin is asked again when its token ends, once for all who wait, and again when it failed', async () => {
  const plugin = join(folder, 'ending.sh');
  const asked = join(folder, 'asked');
  const says = (then: string) =>
    writeFile(
      plugin,
      `#!/bin/sh\necho x >> ${asked}\n${then}\nn=$(wc -l < ${asked})\nprintf '{"status":{"token":"t%s","expirationTimestamp":"%s"}}' "$n" "$(date -u -d "$ENDS" +%FT%TZ)"\n`,
    );
  await says('');
  await chmod(plugin, 0o755);
  const ending = (ends: string) => ({
    exec: { command: './ending.sh', env: [{ name: 'ENDS', value: ends }] },
  });
  const lasting = await read(await fileOf('lasting', ending('+1 hour')));
  expect([await lasting.authorize?.(), await lasting.authorize?.()]).toEqual(['Bearer t1', 'Bearer t1']);
  const { authorize } = await read(await fileOf('ending', ending('+10 seconds')));
  expect(await Promise.all([authorize?.(), authorize?.()])).toEqual(['Bearer t3', 'Bearer t3']);
  await says('exit 1');
  await expect(authorize?.()).rejects.toThrow('it failed');
  await says('');
  expect(await authorize?.()).toBe('Bearer t5');
});

test('of several files the first that has something counts, and a context may be chosen', async () => {
  const first = await fileOf('first', { token: 'one' }, { contexts: [], 'current-context': 'other' });
  const second = await fileOf(
    'second',
    { token: 'two' },
    { contexts: [{ name: 'other', context: { cluster: 'c', user: 'u' } }] },
  );
  const environment = { KUBECONFIG: `${first}:${second}` };
  expect(await readKubeconfig({ environment })).toMatchObject({ token: 'one', namespace: 'default' });
  await expect(readKubeconfig({ environment, context: 'nowhere' })).rejects.toThrow('no context nowhere');
});

test('what it does not know it says', async () => {
  await expect(read(await fileOf('old', { 'auth-provider': {} }))).rejects.toThrow('use exec');
  await expect(read(await fileOf('proxy', {}, {}, { 'proxy-url': 'socks5://x' }))).rejects.toThrow(
    'proxy-url',
  );
  await expect(read(join(folder, 'none'))).rejects.toThrow('ENOENT');
});
