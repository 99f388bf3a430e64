import { expect, test } from 'vitest';
import type { OperatorNode } from '../operator-node.ts';
import { lostPoints } from './lost-points.ts';
import type { Outages } from './outages.ts';
import { paceOf } from './pace.ts';
import { ADDON, Scene } from './scene.ts';
import { Writer } from './writer.ts';

/** Number of the point that a writer of ours does not send. */
const DROPPED = 57;

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
    console.log(`${acks.length} points were acknowledged in ${Math.round((Date.now() - begun) / 1000)} s`);
    for (const pod of paceOf(acks)) {
      expect(pod.seconds, `of ${pod.writer}`).toBeGreaterThan(1);
      expect(pod.perSecond, `points a second of ${pod.writer}`).toBeGreaterThanOrEqual(90);
    }
    expect(paceOf(acks).length).toBe(steps.length + 1);
    const database = await scene.space.database(ADDON);
    expect(await lostPoints(database, acks)).toEqual([]);

    // The same check finds a single write that was dropped.
    const dropping = await Writer.deployDropping(on().node, scene.space, 'dropping', ADDON, DROPPED);
    const listed = await scene.space.until('its list', async () => {
      const list = await dropping.acks();
      return list.length > 2 * DROPPED && list.toSorted((a, b) => a.timestamp - b.timestamp);
    });
    expect(await lostPoints(database, listed)).toEqual([listed[DROPPED - 1]]);
  }, 600_000);
}
