import { expect } from 'vitest';
import { PATIENCE_MS } from '../../patience.ts';
import { pick } from '../../size.ts';
import { LoginWatch } from '../login-watch.ts';
import { Rotating } from '../rotating.ts';
import type { Sweep } from './sweep.ts';

const PROBE = ['write point', 'DROP SERIES'];
/** All that a rotation writes beside status and probes, in order. */
const WRITES = [
  'PUT secrets/my-app-influx-admin',
  'CREATE USER',
  'GRANT ALL',
  'SET PASSWORD',
  'PUT secrets/my-app-influx-admin',
  'PUT secrets/my-app-influx',
  'PUT secrets/my-app-influx-binding',
  'PATCH deployments/web',
  'PUT secrets/my-app-influx-admin',
  'DROP USER',
  'PUT secrets/my-app-influx-admin',
];

const first: Sweep = sweepOf('a rotation', false);
const second: Sweep = sweepOf('a rotation after another', true);

/** No pod of the app is refused once, it is restarted once, and the former passwords end. */
export const rotations: readonly Sweep[] = pick([first], [first, second]);

/** @param again back to the name of the first user */
function sweepOf(name: string, again: boolean): Sweep {
  return {
    name,
    // Longer than a rollout that no condition tells of: pods that are about to end still have the former login. How long
    // that takes is the machine's doing.
    settings: { credentialOverlapMs: PATIENCE_MS / 15 },
    few: true,
    prepare: async ({ bed, namespace }) => {
      const rotating = new Rotating(bed, namespace);
      await rotating.provision();
      if (again) {
        await rotating.rotate('before');
        await rotating.rotated('before');
      }
      const before = await rotating.credentials();
      const restarts = await rotating.revision();
      const watch = LoginWatch.start(bed, namespace);
      return {
        act: async () => {
          await watch.sees(before.username);
          await rotating.rotate('token');
        },
        done: () => rotating.rotated('token'),
        check: async () => {
          const now = await rotating.expectRotated(before);
          expect(await rotating.revision()).toBe(restarts + 1);
          await watch.sees(now.username);
          expect(watch.outcome).toEqual({ users: [before.username, now.username].toSorted(), refused: 0 });
        },
        close: () => watch[Symbol.asyncDispose](),
      };
    },
    writes: (writes) => {
      const essential = writes.filter((write) => !write.includes('/status'));
      const isProbe = (write: string) => PROBE.includes(write);
      expect(essential.filter((write) => !isProbe(write))).toEqual(WRITES);
      // The new login is proven before the app is restarted for it. What is known of a database ends with each change
      // of its users, so it is proven again where status did not tell of it before.
      const restart = essential.indexOf('PATCH deployments/web');
      expect(essential.slice(0, restart).filter(isProbe)).toEqual(PROBE);
    },
  };
}
