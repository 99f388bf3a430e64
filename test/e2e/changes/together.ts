import { expect, test } from 'vitest';
import type { OperatorNode } from '../operator-node.ts';
import { REFUSAL } from '../refusals.ts';
import { lostPoints } from './lost-points.ts';
import { killLeader } from './operator-control.ts';
import type { Outages } from './outages.ts';
import { ADDON, Scene } from './scene.ts';

/** Everything in one edit, and one change in which the operator's own process dies. */
export function togetherCases(on: () => OperatorNode, outages: Outages): void {
  test('plan, version and TLS in one edit are one stop and one restart of the app, and so is a change in which the leader is killed', async () => {
    await using scene = await Scene.open(on(), 'together', { version: '1.7.11' });
    const { space } = scene;
    await expect(space.edit(ADDON, { version: '1.5.0' })).rejects.toThrow(REFUSAL.unknown);
    await expect(space.edit(ADDON, { version: '2.7.12' })).rejects.toThrow(REFUSAL.notYet);
    const all = { plan: 'tiny-plus', version: '1.8.10', tls: { mode: 'Required' } };
    await scene.change('all three at once', all, outages);
    expect((await space.addon(ADDON)).status).toMatchObject({
      plan: 'tiny-plus',
      version: '1.8.10',
      endpoint: expect.stringMatching(/^https:/) as unknown,
    });
    await expect(space.edit(ADDON, { version: '1.7.11' })).rejects.toThrow(REFUSAL.older);

    const template = async () =>
      (await space.must<{ metadata: { generation: number } }>('statefulsets', `${ADDON}-influx`)).metadata
        .generation;
    const before = await template();
    await scene.change(
      'TLS off again, the operator killed',
      { tls: { mode: 'Disabled' } },
      outages,
      async () => {
        await space.until('a new template', async () => (await template()) !== before);
        await killLeader(on(), space);
      },
    );
    expect((await space.addon(ADDON)).status).toMatchObject({
      endpoint: expect.stringMatching(/^http:/) as unknown,
    });
    expect(await lostPoints(await space.database(ADDON), await scene.writer.acks())).toEqual([]);
  }, 600_000);
}
