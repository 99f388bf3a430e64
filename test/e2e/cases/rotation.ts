import { expect, test } from 'vitest';
import { pick } from '../../size.ts';
import { lostPoints } from '../changes/lost-points.ts';
import { ADDON, Scene } from '../changes/scene.ts';
import { type Database, type Login, query } from '../database.ts';
import type { OperatorNode } from '../operator-node.ts';
import type { Space } from '../space.ts';

/** One after the other, each with a token of its own. */
const ROTATIONS = pick(['first'], ['first', 'second']);

/** An app that writes 100 points a second while all credentials of its database are changed. */
export function rotationCases(on: () => OperatorNode): void {
  test(`through ${ROTATIONS.length} of them not one write is refused, the app is restarted once for each, and the old passwords end`, async () => {
    await using scene = await Scene.open(on(), 'rotation', {});
    const { space, writer, pods } = scene;
    const failedBefore = (await writer.failures()).length;
    const names = new Set<string>();
    for (const token of ROTATIONS) {
      const before = await space.database(ADDON);
      names.add(before.address.user.username);
      const revisions = await writer.revisions();
      const running = (await writer.last()).map((ack) => ack.writer);
      const from = Date.now();
      await rotate(space, token);
      // Somebody who copied the URL, and is in no list of apps, goes on for as long as status says.
      const until = await space.until('the end of the overlap in status', async () => {
        const { formerUntil } = (await rotation(space)) ?? {};
        return formerUntil !== undefined && Date.parse(formerUntil);
      });
      expect(await loginStatus(before, before.address.user)).toBe(200);
      expect(until).toBeGreaterThan(from);
      await scene.writing(from, running);
      await space.until('nothing left of the rotation', async () => {
        const { status } = await space.addon(ADDON);
        return status?.lastHandled?.rotate === token && status.rotation === undefined;
      });
      expect(Date.now()).toBeGreaterThanOrEqual(until);
      expect(await loginStatus(before, before.address.user)).toBe(401);
      expect(await loginStatus(before, before.address.admin)).toBe(401);
      const after = await space.database(ADDON);
      expect(await loginStatus(after, after.address.user)).toBe(200);
      const users = (await after.asAdmin('SHOW USERS')).rows;
      const { username } = after.address.user;
      expect(username).not.toBe(before.address.user.username);
      expect(new Map(users as [string, boolean][])).toEqual(
        new Map([
          ['admin', true],
          [username, false],
        ]),
      );
      expect(after.address.id).toBe(before.address.id);
      expect(await writer.revisions()).toBe(revisions + 1);
    }
    expect(pods.count).toBe(1);
    const acks = await writer.acks();
    console.log(`${acks.length} points were acknowledged meanwhile`);
    const failures = (await writer.failures()).slice(failedBefore);
    expect(failures).toEqual([]);
    expect(names.size).toBe(ROTATIONS.length);
    expect(await lostPoints(await space.database(ADDON), acks)).toEqual([]);
  });
}

async function rotate(space: Space, token: string): Promise<void> {
  const annotations = { 'influxaddon.dev/rotate': token };
  await space.patch('influxaddons', ADDON, { metadata: { annotations } });
}

async function rotation(space: Space): Promise<{ formerUntil?: string } | undefined> {
  return (await space.addon(ADDON)).status?.rotation;
}

async function loginStatus({ address }: Database, login: Login): Promise<number> {
  return (await query(address.origin, 'SHOW DATABASES', login)).status;
}
