import { describe, expect, test } from 'vitest';
import { pick } from '../size.ts';
import type { Blow } from './fuse.ts';
import type { OperatorBed } from './operator-bed.ts';
import { authority } from './sweeps/authority.ts';
import { backup } from './sweeps/backup.ts';
import { changing } from './sweeps/changing.ts';
import { contents } from './sweeps/contents.ts';
import { deletion } from './sweeps/deletion.ts';
import { internet } from './sweeps/internet.ts';
import { maintenance } from './sweeps/maintenance.ts';
import { provisioning } from './sweeps/provisioning.ts';
import { rotations } from './sweeps/rotation.ts';
import { growth } from './sweeps/growth.ts';
import { restoring } from './sweeps/restore.ts';
import { takenBack } from './sweeps/taken-back.ts';
import { play, sampleOf, type Sweep } from './sweeps/sweep.ts';
import { withOperatorBed } from './with-bed.ts';

/** Another thing that takes several writes is one more row. */
const SWEEPS: readonly Sweep[] = [
  restoring,
  provisioning,
  ...changing,
  takenBack,
  maintenance,
  deletion,
  ...contents,
  ...rotations,
  ...internet,
  authority,
  backup,
  growth,
];
/** Rounds at once: they wait for the control plane more than they compute. */
const AT_ONCE = 6;

let bed: OperatorBed;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);

describe.concurrent('the operator dies at every single write, and the end is the same', () => {
  test.for(SWEEPS)('of $name', async (sweep) => {
    const { writes } = await inTurn(() => play(bed, sweep, { after: Infinity, blow: 'Applied' }));
    sweep.writes?.(writes);
    const rounds = (['Applied', 'Lost'] satisfies Blow[]).flatMap((blow) =>
      points(writes.length, blow, sweep.few).map((after) => ({ after, blow })),
    );
    const played = await Promise.allSettled(rounds.map((round) => inTurn(() => play(bed, sweep, round))));
    const failed = played.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []));
    // As the message: a summary shows no more than that.
    if (failed.length > 0) throw new Error(failed.join('\n'));
    expect(bed.kubelet.engine.violations).toEqual([]);
  });
});

/** All, and two more for the statuses that a phase adds where it takes long. */
function points(count: number, blow: Blow, few?: boolean): number[] {
  const all = Array.from({ length: count + 2 }, (_, index) => index + 1);
  return pick(sampleOf(count, blow, few), all);
}

const waiting: (() => void)[] = [];
let free = AT_ONCE;

async function inTurn<T>(run: () => Promise<T>): Promise<T> {
  if (free > 0) free -= 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await run();
  } finally {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  }
}
