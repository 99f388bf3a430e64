import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BOOTSTRAP_EXIT } from '../../src/influx/v1/bootstrap-script.ts';
import {
  BOOTSTRAP_REFUSED_DATA_NEWER,
  BOOTSTRAP_REFUSED_META_CORRUPT,
  BOOTSTRAP_REFUSED_META_MISSING,
} from '../../src/influx/bootstrap-words.ts';
import { rows } from '../../src/influx/v1/results.ts';
import { run } from '../cluster/run-command.ts';
import { pick } from '../size.ts';
import { ADMIN, Pod, VERSIONS } from './influx-process.ts';
import { SpiedShell } from './influx-shell.ts';

const done = { code: 0, output: '' };

/** Users and databases as the administrator sees them, by an engine started for it. */
async function inspect(pod: Pod): Promise<{ users: unknown[]; databases: unknown[] }> {
  const engine = await pod.engine();
  const [users, databases] = await pod.client(ADMIN).query(['SHOW USERS', 'SHOW DATABASES']);
  await engine.terminate();
  return {
    users: users ? rows(users).map(({ user, admin }) => [user, admin]) : [],
    databases: databases ? rows(databases).map(({ name }) => name) : [],
  };
}

/** Runs statements as the administrator, in an engine started for it. */
async function administer(pod: Pod, ...statements: string[]): Promise<void> {
  const engine = await pod.engine();
  for (const statement of statements) await pod.client(ADMIN).one(statement);
  await engine.terminate();
}

async function withData(pod: Pod): Promise<void> {
  expect(await pod.bootstrap()).toEqual(done);
  const engine = await pod.engine();
  await pod.client(ADMIN).one('CREATE DATABASE shop');
  await pod.client(ADMIN).write('shop', 'cpu value=1');
  await engine.terminate();
}

it.each(VERSIONS)(
  'the bootstrap step of InfluxDB %s makes the administrator on an empty volume, and changes nothing when it runs again',
  async (version) => {
    await using pod = await Pod.create(version);
    expect(await pod.bootstrap()).toEqual(done);
    expect(await pod.bootstrap()).toEqual(done);
    expect(await inspect(pod)).toEqual({ users: [['admin', true]], databases: [] });
    expect(await readdir(pod.dir)).not.toContain('scratch');
    expect(await pod.terminationMessage()).toBe('');
  },
);

describe.each(pick(['1.8.10'] as const, VERSIONS))('the bootstrap step of InfluxDB %s', (version) => {
  // Each call of a program of 1.7 takes two seconds of CPU: less variety there.
  const slow = version === '1.7.11';

  it.each(slow ? ['bash'] : ['dash', 'bash'])('runs in %s', async (shell) => {
    await using pod = await Pod.create(version);
    expect(await pod.bootstrap(shell)).toEqual(done);
    expect((await inspect(pod)).users).toEqual([['admin', true]]);
  });

  it('brings back a dropped administrator, its rights and its password, and leaves the rest alone', async () => {
    await using pod = await Pod.create(version);
    await withData(pod);
    await administer(pod, "CREATE USER app WITH PASSWORD 'x'", 'GRANT ALL ON shop TO app', 'DROP USER admin');
    expect(await pod.bootstrap()).toEqual(done);
    await administer(pod, 'REVOKE ALL PRIVILEGES FROM admin');
    expect(await pod.bootstrap()).toEqual(done);
    await administer(pod, "SET PASSWORD FOR admin = 'stolen'");
    expect(await pod.bootstrap()).toEqual(done);
    expect(await inspect(pod)).toEqual({
      users: expect.arrayContaining([
        ['app', false],
        ['admin', true],
      ]),
      databases: ['shop'],
    });
    const engine = await pod.engine();
    const app = pod.client({ username: 'app', password: 'x' });
    expect(rows(await app.one('SELECT count(value) FROM cpu', { db: 'shop' }))).toMatchObject([{ count: 1 }]);
    await engine.terminate();
  });

  it('takes up a meta folder that was made and not filled', async () => {
    await using pod = await Pod.create(version);
    for (const folder of ['meta', 'data', 'wal']) await mkdir(join(pod.stateDir, folder));
    expect(await pod.bootstrap()).toEqual(done);
    expect((await inspect(pod)).users).toEqual([['admin', true]]);
  });

  it('ends well after it was killed at any moment', async () => {
    await using pod = await Pod.create(version);
    const started = performance.now();
    await pod.bootstrap();
    const whole = performance.now() - started;
    const rounds = slow ? 4 : pick(10, 25);
    for (const [round, part] of fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), rounds).entries()) {
      const step = pod.startBootstrap();
      await sleep(((round + part) / rounds) * whole);
      await step.kill();
    }
    expect(await pod.bootstrap()).toEqual(done);
    expect((await inspect(pod)).users).toEqual([['admin', true]]);
  });

  it('stops its engine and ends when it is told to', async () => {
    await using pod = await Pod.create(version);
    const step = pod.startBootstrap();
    const log = join(pod.dir, 'scratch', 'log');
    while (!step.hasEnded && (await readFile(log, 'utf8').catch(() => '')) === '') await sleep(5);
    const { code, output } = await step.terminate();
    expect([0, BOOTSTRAP_EXIT.terminated]).toContain(code);
    expect(output).toBe('');
    const left = await Promise.all(
      (await step.group()).map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
    );
    expect(left.filter((command) => command.startsWith('influxd'))).toEqual([]);
  });

  it('ends well after it was told to end at any moment', async () => {
    await using pod = await Pod.create(version);
    for (const ms of [0, 5, 20, 50, 100, 150, 200, 250]) {
      const step = pod.startBootstrap();
      await sleep(ms);
      // SIGTERM when the shell had not come to its traps yet.
      expect([0, BOOTSTRAP_EXIT.terminated, 'SIGTERM']).toContain((await step.terminate()).code);
      await step.kill(); // the end of process 1 ends the container
    }
    expect(await pod.bootstrap()).toEqual(done);
    expect((await inspect(pod)).users).toEqual([['admin', true]]);
  });

  it('refuses a volume that a newer engine has opened, starts nothing, and starts for the newer one again', async () => {
    await using pod = await Pod.create(version);
    const mark = join(pod.stateDir, '.opened-by');
    await writeFile(mark, '1.8.10\n');
    for (const older of ['1.8.9', '1.7.11']) {
      const { code, output } = await pod.bootstrap('bash', older);
      expect(code).toBe(BOOTSTRAP_EXIT.dataNewer);
      expect(output).toBe(
        `${BOOTSTRAP_REFUSED_DATA_NEWER}: 1.8.10 has opened the data, which ${older} may not be able to read\n`,
      );
      expect(await pod.terminationMessage()).toBe(output);
    }
    expect(await readdir(pod.stateDir)).toEqual(['.opened-by']);
    expect(await pod.bootstrap('bash', '1.11.8')).toEqual(done);
    expect(await readFile(mark, 'utf8')).toBe('1.11.8\n');
    if (slow) return;
    expect(await pod.bootstrap('bash', undefined)).toEqual(done);
    await writeFile(mark, 'somebody edited this\n');
    expect(await pod.bootstrap('bash', '1.7.11')).toEqual(done);
    expect(await readFile(mark, 'utf8')).toBe('1.7.11\n');
  });

  it('refuses a volume with data and without meta.db, and touches nothing', async () => {
    await using pod = await Pod.create(version);
    await withData(pod);
    await rm(pod.metaFile);
    const { code, output } = await pod.bootstrap();
    expect(code).toBe(BOOTSTRAP_EXIT.metaMissing);
    expect(output).toMatch(new RegExp(`^${BOOTSTRAP_REFUSED_META_MISSING}: .*\\n$`));
    expect(await pod.terminationMessage()).toBe(output);
    expect(await readdir(join(pod.stateDir, 'meta'))).toEqual([]);
  });

  const garbage: [string, Buffer][] = [
    ['text', Buffer.from('hello garbage')],
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(200)],
    ['the middle of something', Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 151 + 7) % 256))],
  ];

  it.each(slow ? garbage.slice(0, 1) : garbage)(
    'refuses a meta.db of %s beside data, and leaves both as they are',
    async (_, content) => {
      await using pod = await Pod.create(version);
      await mkdir(join(pod.stateDir, 'meta'));
      await mkdir(join(pod.stateDir, 'data', 'shop'), { recursive: true });
      await writeFile(pod.metaFile, content);
      const { code, output } = await pod.bootstrap();
      expect(code).toBe(BOOTSTRAP_EXIT.metaCorrupt);
      expect(output).toMatch(new RegExp(`^${BOOTSTRAP_REFUSED_META_CORRUPT}: .*\\n$`));
      expect(await pod.terminationMessage()).toBe(output);
      expect(await readFile(pod.metaFile)).toEqual(content);
      expect(await readdir(join(pod.stateDir, 'meta'))).toEqual(['meta.db']);
    },
  );

  it.each(slow ? garbage.slice(0, 1) : garbage)(
    'moves a meta.db of %s aside when there is no data',
    async (_, content) => {
      await using pod = await Pod.create(version);
      await mkdir(join(pod.stateDir, 'meta'));
      for (const round of slow ? [1] : [1, 2]) {
        await writeFile(pod.metaFile, content);
        expect((await pod.bootstrap()).code).toBe(0);
        expect(await readFile(`${pod.metaFile}.corrupt-${round}`)).toEqual(content);
      }
      expect((await inspect(pod)).users).toEqual([['admin', true]]);
    },
  );

  it('says why when the statements are not there or the engine cannot start', async () => {
    await using pod = await Pod.create(version);
    await mkdir(join(pod.stateDir, 'meta', 'meta.db'), { recursive: true });
    expect(await pod.bootstrap()).toMatchObject({
      code: BOOTSTRAP_EXIT.failed,
      output: expect.stringMatching(/^BootstrapFailed: influxd did not start: .*is a directory\n$/),
    });
    await rm(join(pod.dir, 'statements', 'heal-admin.iql'));
    expect(await pod.bootstrap()).toMatchObject({
      code: BOOTSTRAP_EXIT.failed,
      output: expect.stringMatching(/^BootstrapFailed: .*heal-admin.iql is not there\n$/),
    });
    expect(await pod.terminationMessage()).toMatch(/heal-admin.iql is not there/);
  });

  it('ends without success when the statements make no administrator, and does not show them', async () => {
    await using pod = await Pod.create(version);
    for (const text of [
      "CREATE USER admin WITH PASSWORD 'Canary-adm1n-secret'",
      '',
      "SET PASSWORD FOR 'Canary",
    ]) {
      for (const file of ['create-admin.iql', 'heal-admin.iql'])
        await writeFile(join(pod.dir, 'statements', file), text);
      const { code, output } = await pod.bootstrap();
      expect(code).toBe(BOOTSTRAP_EXIT.failed);
      expect(output).toMatch(/^BootstrapFailed: there is no administrator: /);
      expect(output).not.toContain('Canary');
    }
  });

  it('shows the password in no argument, no environment and no output', async () => {
    await using pod = await Pod.create(version);
    const spied = await SpiedShell.in(pod.dir, version);
    const outputs: string[] = [];
    for (const password of [ADMIN.password, 'Canary-n3xt-secret']) {
      await pod.mountAdmin({ username: 'admin', password });
      const { code, output } = await pod.bootstrap(spied.path);
      expect(code).toBe(0);
      outputs.push(output);
    }
    const seen = await spied.seen();
    // Each of them did something, and was seen doing it; the second password makes it heal as well.
    for (const program of ['sh', 'influxd', 'influx', 'cat', 'mkdir', 'rm', 'sleep'])
      expect(seen).toContain(`program ${program}\n`);
    expect(seen.match(/-format\ncsv/g)?.length).toBeGreaterThanOrEqual(3);
    expect([seen, ...outputs, await pod.terminationMessage()].join('\n')).not.toMatch(/Canary/);
  });
});

describe('the bootstrap step on a full volume', () => {
  it('lets the engine start with the administrator that is there, and not without one', async () => {
    await using pod = await Pod.create('1.8.10');
    await run('mount', ['-t', 'tmpfs', '-o', 'size=128k,mode=0755', 'tmpfs', pod.stateDir]);
    try {
      const filler = join(pod.stateDir, 'filler');
      const fill = async (): Promise<void> => {
        await writeFile(filler, Buffer.alloc(4_096), { flag: 'a' });
        return fill();
      };
      await fill().catch(() => undefined);
      expect(await pod.bootstrap()).toMatchObject({
        code: BOOTSTRAP_EXIT.failed,
        output: expect.stringMatching(/^BootstrapFailed: /),
      });
      await writeFile(filler, '');
      expect(await pod.bootstrap()).toEqual(done);
      await fill().catch(() => undefined);
      expect(await pod.bootstrap()).toEqual(done);
      await pod.mountAdmin({ username: 'admin', password: 'Canary-n3xt-secret' });
      expect(await pod.bootstrap()).toMatchObject({
        code: 0,
        output: expect.stringMatching(/^the volume is full: /),
      });
      expect((await inspect(pod)).users).toEqual([['admin', true]]);
    } finally {
      // Before the pod's folder is removed, which a mount in it would prevent; lazily, since an engine may still run.
      await run('umount', ['-l', pod.stateDir]);
    }
  });
});
