import { expect, test } from 'vitest';
import type { OperatorNode } from '../operator-node.ts';
import type { PodObject, Space } from '../space.ts';
import { lostPoints } from './lost-points.ts';
import { killLeader } from './operator-control.ts';
import type { Outages } from './outages.ts';
import { ADDON, Scene } from './scene.ts';

const changes: readonly { name: string; spec: object }[] = [
  { name: 'TLS on', spec: { tls: { mode: 'Required' } } },
  { name: 'a larger plan', spec: { plan: 'tiny-plus' } },
  { name: 'TLS off', spec: { tls: { mode: 'Disabled' } } },
];

/** The operator's own process dies in the middle of a change. */
export function killedCases(on: () => OperatorNode, outages: Outages): void {
  test('killed at three moments of every change, the operator ends where it would have', async () => {
    await using scene = await Scene.open(on(), 'killed', {});
    const { space } = scene;
    for (const { name, spec } of changes) {
      const before = await marks(space);
      const step = `${name}, the operator killed three times`;
      const kills: number[] = [];
      const killOnce = async (moment: string, passed: (now: Marks) => boolean) => {
        await space.until(`${name}: ${moment}`, async () => passed(await marks(space)));
        await killLeader(on(), space, kills.at(-1));
        kills.push(Date.now());
      };
      await scene.change(step, spec, outages, async () => {
        await killOnce('a new template', (now) => now.template !== before.template);
        await killOnce('the next pod', (now) => now.pod !== undefined && now.pod !== before.pod);
        await killOnce('the restart of the app', (now) => now.app !== before.app);
      });
      expect(kills).toHaveLength(3);
    }
    expect((await space.addon(ADDON)).status).toMatchObject({
      plan: 'tiny-plus',
      endpoint: expect.stringMatching(/^http:/) as unknown,
    });
    expect(await lostPoints(await space.database(ADDON), await scene.writer.acks())).toEqual([]);
  }, 900_000);
}

/** What a change alters on its way, in this order. */
interface Marks {
  readonly template: number;
  readonly pod: string | undefined;
  readonly app: number;
}

async function marks(space: Space): Promise<Marks> {
  const set = await space.must<{ metadata: { generation: number } }>('statefulsets', `${ADDON}-influx`);
  const pod = await space.get<PodObject>('pods', `${ADDON}-influx-0`);
  const app = await space.must<{ metadata: { generation: number } }>('deployments', 'web');
  return { template: set.metadata.generation, pod: pod?.metadata.uid, app: app.metadata.generation };
}
