import { expect, test } from 'vitest';
import type { OperatorNode } from '../operator-node.ts';
import { lostPoints } from './lost-points.ts';
import type { Outages } from './outages.ts';
import { ADDON, Scene } from './scene.ts';

const steps: readonly { name: string; spec: object; status: object }[] = [
  { name: 'a larger plan', spec: { plan: 'tiny-plus' }, status: { plan: 'tiny-plus' } },
  {
    name: 'TLS on',
    spec: { tls: { mode: 'Required' } },
    status: { endpoint: expect.stringMatching(/^https:/) as unknown },
  },
  { name: '1.7.11 to 1.8.10', spec: { version: '1.8.10' }, status: { version: '1.8.10' } },
  { name: 'a smaller plan', spec: { plan: 'tiny' }, status: { plan: 'tiny' } },
  {
    name: 'TLS off',
    spec: { tls: { mode: 'Disabled' } },
    status: { endpoint: expect.stringMatching(/^http:/) as unknown },
  },
];

/** An app that writes 100 points a second, through every change of its database. */
export function sequenceCases(on: () => OperatorNode, outages: Outages): void {
  test('through five changes one after the other no acknowledged point is lost, and each restarts the app once', async () => {
    await using scene = await Scene.open(on(), 'sequence', { version: '1.7.11' });
    const begun = Date.now();
    for (const { name, spec, status } of steps) {
      await scene.change(name, spec, outages);
      expect((await scene.space.addon(ADDON)).status, name).toMatchObject(status);
    }
    const acks = await scene.writer.acks();
    // The app wrote all the while; how fast is the machine's affair, and printed.
    const rate = acks.length / ((Date.now() - begun) / 1000);
    console.log(`${acks.length} points were acknowledged, ${rate.toFixed(0)} a second, outages included`);
    expect(acks.length).toBeGreaterThan(1000);
    const database = await scene.space.database(ADDON);
    expect(await lostPoints(database, acks)).toEqual([]);

    // The same check finds a single point that is not there.
    const victim = acks[Math.floor(acks.length / 2)]!;
    const where = `writer = '${victim.writer}' AND time = ${victim.timestamp}ms`;
    expect(await database.asUser(`DELETE FROM demo WHERE ${where}`)).toMatchObject({ error: undefined });
    expect(await lostPoints(database, acks)).toEqual([victim]);
  }, 600_000);
}
