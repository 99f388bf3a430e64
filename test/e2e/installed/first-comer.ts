import { expect, test } from 'vitest';
import { pick } from '../../size.ts';
import { query } from '../database.ts';
import { Intruder } from '../intruder.ts';
import type { OperatorNode } from '../operator-node.ts';
import type { PodObject, Space } from '../space.ts';

const VERSIONS = pick(['1.8.10'], ['1.7.11', '1.8.10']);

/** Attempts within which one that gets in would have. */
const ENOUGH = 100;

/** What a start finds that never held data. */
const HALF_MADE: [string, string][] = [
  ['half of meta.db', 'rm -rf data wal && truncate -s 40 meta/meta.db'],
  ['a meta folder without meta.db', 'rm -rf data wal meta/meta.db'],
];

/** What a start does not touch, and what it says. */
const DAMAGED: [string, string, RegExp][] = [
  ['meta.db is gone', 'rm meta/meta.db', /holds data but no meta\/meta\.db/],
  ['meta.db is half there', 'truncate -s 40 meta/meta.db', /cannot be read and the volume holds data/],
];

/**
 * A server with authentication on and no administrator obeys whoever comes first. Somebody always comes first here,
 * from before the pod is up until long after it is Ready.
 */
export function firstComerCases(on: () => OperatorNode): void {
  test.each(VERSIONS)('gets in where %s starts without the first step', async (version) => {
    const space = await on().space(`control-${version.replaceAll('.', '-')}`);
    await using intruder = await Intruder.on(on().node);
    await space.kube.apply(bareEngine(space.namespace, version));
    const ip = await space.until(
      'the address',
      async () => (await space.get<PodObject>('pods', 'bare'))?.status.podIP,
    );
    await space.until('somebody to get in', async () => intruder.count(ip, 'got in') > 0);
    await intruder.stop();
    const evil = { username: 'evil', password: 'x' };
    expect((await query(`http://${ip}:8086`, 'SHOW USERS', evil)).rows).toEqual([['evil', true]]);
  });

  test.each(VERSIONS)('does not get in at the first start of %s', async (version) => {
    const space = await on().space(`first-${version.replaceAll('.', '-')}`);
    await keptOut(on(), space, async () => {
      await space.create('my-app', { version });
    });
  });

  // With the administrator dropped before it is among the cases below.
  test.each(pick([], ['1.8.10']))('does not get in at a restart of %s', async () => {
    const space = await on().space('restart');
    await space.ready('my-app');
    await keptOut(on(), space, () => space.delete('pods', 'my-app-influx-0'));
  });

  test.each(pick(HALF_MADE.slice(0, 1), HALF_MADE))(
    'does not get in with %s on the volume',
    async (what, script) => {
      const space = await on().space(what.replaceAll(/[ .]/g, '-'));
      await space.ready('my-app');
      await space.edit('my-app', { state: 'Stopped' });
      await space.status('my-app', 'Stopped');
      await onVolume(on(), space, script);
      await keptOut(on(), space, async () => {
        await space.edit('my-app', { state: 'Running' });
        // What was in it is gone, which nobody but its user may call right.
        const lost = await space.until('the loss to be told', async () => {
          const { status } = await space.addon('my-app');
          const stalled = status?.conditions?.find(({ type }) => type === 'Stalled');
          return stalled?.reason === 'DataLost' && status;
        });
        const annotations = { 'influxaddon.dev/start-empty': lost.storage?.uid ?? '' };
        await space.patch('influxaddons', 'my-app', { metadata: { annotations } });
      });
    },
  );

  test.each(VERSIONS)(
    'does not get in when the administrator of %s is dropped, nor at the start after that',
    async (version) => {
      const space = await on().space(`dropped-${version.replaceAll('.', '-')}`);
      const database = await space.ready('my-app', { version });
      await using whileItRuns = await Intruder.on(on().node, 'all');
      const { podIP = '' } = (await space.pod('my-app')).status;
      await space.until('attempts', async () => whileItRuns.count(podIP, '401') > 0);
      expect((await database.asAdmin('DROP USER admin')).error).toBeUndefined();
      await space.until(
        'attempts without an administrator',
        async () => whileItRuns.count(podIP, '403') > ENOUGH,
      );
      await whileItRuns.stop();
      expect(whileItRuns.count(podIP, 'got in')).toBe(0);
      await keptOut(on(), space, () => space.delete('pods', 'my-app-influx-0'));
    },
  );

  test.each(pick(DAMAGED.slice(0, 1), DAMAGED))(
    'finds no open port when %s and there is data',
    async (what, script, message) => {
      const space = await on().space(`data-${what.replaceAll(/[ .]/g, '-')}`);
      const database = await space.ready('my-app');
      await database.fill('kept', 100);
      await space.edit('my-app', { state: 'Stopped' });
      await space.status('my-app', 'Stopped');
      const volume = await space.volume('my-app');
      await on().node.runInside('cp', ['-a', `${volume.path}/meta/meta.db`, `${volume.path}/meta.db.safe`]);
      await onVolume(on(), space, script);
      await using intruder = await Intruder.on(on().node);
      await space.edit('my-app', { state: 'Running' });
      expect(await space.status('my-app', 'Blocked')).toMatch(message);
      const { podIP = '' } = (await space.pod('my-app')).status;
      const soFar = intruder.count(podIP, 'ECONNREFUSED');
      await space.until('more attempts', async () => intruder.count(podIP, 'ECONNREFUSED') > soFar + ENOUGH);
      await intruder.stop();
      expect(seen(intruder)).toEqual(['ECONNREFUSED']);

      // The way back is to put the file there again.
      await onVolume(on(), space, 'mv meta.db.safe meta/meta.db');
      await space.delete('pods', 'my-app-influx-0');
      await space.status('my-app', 'Ready');
      expect(await database.count('kept')).toBe(100);
    },
  );
}

/** Whatever `start` starts, the intruder is refused from its first millisecond, and is not a user afterwards. */
async function keptOut(on: OperatorNode, space: Space, start: () => Promise<void>): Promise<void> {
  await using intruder = await Intruder.on(on.node);
  await start();
  await space.until('attempts on the open port', async () => seen(intruder).includes('401'));
  await space.status('my-app', 'Ready');
  const { podIP = '' } = (await space.pod('my-app')).status;
  const soFar = intruder.count(podIP, '401');
  await space.until('more attempts', async () => intruder.count(podIP, '401') > soFar + ENOUGH);
  await intruder.stop();
  // Refused before the port opened, and by the server after that: it was there all the time.
  expect(seen(intruder)).toEqual(['401', 'ECONNREFUSED']);
  const database = await space.database('my-app');
  const users = new Map((await database.asAdmin('SHOW USERS')).rows as [string, boolean][]);
  expect(users).toEqual(
    new Map([
      ['admin', true],
      [database.address.id, false],
    ]),
  );
}

/** What the attempts on addresses that had an InfluxDB, or were to have one, came to. */
function seen(intruder: Intruder): string[] {
  const all = [...intruder.answers.values()].flatMap((counts) => [...counts.keys()]);
  // Before the plugin has laid the cable, and when the pod goes or has gone.
  const nobody = ['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'timeout', 'ECONNRESET', 'EPIPE', 'broken'];
  return [...new Set(all)].filter((answer) => !nobody.includes(answer)).toSorted();
}

async function onVolume(on: OperatorNode, space: Space, script: string): Promise<void> {
  const { path } = await space.volume('my-app');
  await on.node.runInside('sh', ['-c', `cd '${path}' && ${script}`]);
}

/** The same engine with the same settings about who may come in, and nothing before it. */
function bareEngine(namespace: string, version: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'bare', namespace },
    spec: {
      terminationGracePeriodSeconds: 0,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1500,
        fsGroup: 1500,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'influxdb',
          image: `influxdb:${version}`,
          command: ['influxd'],
          env: [{ name: 'INFLUXDB_HTTP_AUTH_ENABLED', value: 'true' }],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          volumeMounts: [{ name: 'data', mountPath: '/var/lib/influxdb' }],
        },
      ],
      volumes: [{ name: 'data', emptyDir: {} }],
    },
  };
}
