import { stateOf } from '../../api/addon-defaults.ts';
import type { InfluxAddonStatus } from '../../api/influx-addon.ts';
import type { AppPicture } from '../decision/picture.ts';
import type { Facts } from '../world/facts.ts';
import type { World } from '../world/world.ts';
import { needsFormer, overlapEnd, userSecretsBehind } from './turns.ts';
import { newToken } from '../identity/token.ts';

/** What status says of a rotation; undefined while there is none and none was asked for. */
export function rotationStatus(
  world: World,
  facts: Facts,
  { apps, blocked }: { apps: readonly AppPicture[] | undefined; blocked: boolean },
): InfluxAddonStatus['rotation'] {
  const { rotation } = facts;
  if (rotation === undefined) {
    if (newToken(world, facts) === undefined) return undefined;
    const stopped = stateOf(world.addon) === 'Stopped';
    const what = stopped
      ? 'the database is started'
      : blocked
        ? 'the spec can be followed'
        : 'the database answers';
    return { phase: 'Waiting', message: `begins when ${what}` };
  }
  const { phase, since, username } = rotation;
  switch (phase) {
    case 'Preparing':
      return { phase, since, message: `user ${username} is being made; the published credentials work` };
    case 'Revoking':
      return { phase, since, formerUser: username, message: `user ${username} is being dropped` };
    case 'Overlapping': {
      const formerUntil = new Date(overlapEnd(facts, world.settings)).toISOString();
      const waiting = [
        ...(apps ?? []).filter(needsFormer).map(({ entry }) => `${entry?.kind} ${entry?.name}`),
        ...userSecretsBehind(world, facts).map((name) => `Secret ${name}`),
      ];
      const who =
        waiting.length === 1 ? `${waiting[0]} has` : `${waiting[0]} and ${waiting.length - 1} more have`;
      const until = waiting.length === 0 ? '' : `, and until ${who} the new credentials`;
      const message = `user ${username} can log in until ${formerUntil}${until}`;
      return { phase, since, formerUser: username, formerUntil, message };
    }
  }
}

/** The token that was acted on last: its credentials are the ones in force. */
export function rotatedFor({ rotation, rotatedFor: token }: Facts): string | undefined {
  return rotation?.phase === 'Preparing' ? undefined : token;
}
