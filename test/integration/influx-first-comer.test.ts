import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { InfluxError } from '../../src/influx/influx-error.ts';
import { rows } from '../../src/influx/v1/results.ts';
import { pick } from '../size.ts';
import { ADMIN, Pod, VERSIONS } from './influx-process.ts';

/** Whoever is told one of these is not in: nobody listens, nobody answers in time, or the answer was cut. */
const NOT_IN = ['Unreachable', 'Timeout', 'Protocol', '401'];

/** Tries to become administrator without a break until it is told to stop, and tells what it was answered. */
function attack(pod: Pod): { stop(): Promise<Set<string>> } & AsyncDisposable {
  const answers = new Set<string>();
  const anonymous = pod.client();
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      try {
        await anonymous.one("CREATE USER mallory WITH PASSWORD 'p' WITH ALL PRIVILEGES");
        answers.add('got in');
      } catch (reason) {
        const error = InfluxError.from(reason);
        answers.add(error.status === undefined ? error.kind : String(error.status));
      }
      await sleep(1); // the others on this machine want some CPU too
    }
  })();
  const stop = async (): Promise<Set<string>> => {
    stopped = true;
    await running;
    return answers;
  };
  return { stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

/** A start of the pod: the bootstrap step, then the engine; left running until it has answered for a while. */
async function start(pod: Pod): Promise<void> {
  expect(await pod.bootstrap()).toMatchObject({ code: 0 });
  const engine = await pod.engine();
  for (let i = 0; i < 20; i += 1) await pod.client(ADMIN).one('SHOW USERS');
  await engine.terminate();
}

async function users(pod: Pod): Promise<unknown[]> {
  const engine = await pod.engine();
  const shown = await pod.client(ADMIN).one('SHOW USERS');
  await engine.terminate();
  return rows(shown).map(({ user }) => user);
}

describe.each(pick(['1.8.10'] as const, VERSIONS))(
  'somebody who tries to be the first administrator of InfluxDB %s',
  (version) => {
    it('gets in when there is no bootstrap step', async () => {
      await using pod = await Pod.create(version);
      await using attacker = attack(pod);
      const engine = await pod.engine();
      while (
        !(await pod
          .client({ username: 'mallory', password: 'p' })
          .one('SHOW USERS')
          .then(
            () => true,
            () => false,
          ))
      )
        await sleep(5);
      expect(await attacker.stop()).toContain('got in');
      await engine.terminate();
    });

    it.each<[string, (pod: Pod) => Promise<void>]>([
      ['at the first start', () => Promise.resolve()],
      ['with a half-made meta folder', (pod) => mkdir(join(pod.stateDir, 'meta')).then(() => undefined)],
      [
        'after a start that was killed',
        async (pod) => {
          const step = pod.startBootstrap();
          while (!(await step.group()).length && !step.hasEnded) await sleep(1);
          await step.kill();
        },
      ],
      [
        'after the administrator was dropped',
        async (pod) => {
          await pod.bootstrap();
          const engine = await pod.engine();
          await pod.client(ADMIN).one('DROP USER admin');
          await engine.kill();
        },
      ],
    ])('does not get in %s, nor at a restart', async (_, prepare) => {
      await using pod = await Pod.create(version);
      await prepare(pod);
      await using attacker = attack(pod);
      await start(pod);
      await start(pod);
      const answers = await attacker.stop();
      expect([...answers].filter((answer) => !NOT_IN.includes(answer))).toEqual([]);
      expect(answers).toContain('401');
      expect(await users(pod)).toEqual(['admin']);
    });
  },
);
