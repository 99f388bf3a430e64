import { describe, expect, it } from 'vitest';
import { FACTS, inForce, NOW, worldOf, addonOf } from '../testing/fixtures.ts';
import { podOf } from '../testing/pods.ts';
import { heal, healedInVain, type Fault } from './healing.ts';

const MINUTE_MS = 60_000;
const EVENT = { type: 'Warning', reason: 'Degraded', note: 'a note' } as const;

interface Row {
  readonly fault: Fault;
  readonly last?: { readonly pod: string; readonly minutes: number; readonly times: number };
  readonly does: 'announces 1' | 'announces 2' | 'announces 3' | 'announces 6' | 'restarts' | 'waits';
}

function healed({ fault, last }: Row): { does: string; words: string } {
  const at = new Date(NOW.getTime() - (last?.minutes ?? 0) * MINUTE_MS).toISOString();
  const healing = last && { pod: last.pod, at, times: last.times };
  const dataPlane = { revision: 'r', ...(healing === undefined ? {} : { healing }) };
  const world = worldOf({ pod: podOf(), addon: addonOf({}, { status: { dataPlane } }) });
  const base = {
    reconciling: true,
    refusal: undefined,
    notImplemented: [],
    facts: FACTS,
    inForce: inForce(),
    apps: undefined,
  };
  const scene = { world, now: NOW, base, starts: 0, fresh: { number: () => 0, password: () => '' } };
  const outcome = heal(scene, { fault, why: 'for a test', event: EVENT });
  const words = healedInVain(world.addon.status, fault, NOW);
  if (outcome?.ends === 'Act') return { does: 'restarts', words };
  return {
    does: outcome?.ends === 'Tell' ? `announces ${outcome.picture.dataPlane?.healing?.times}` : 'waits',
    words,
  };
}

describe('a fault that a start of the pod heals', () => {
  it.each<Row>([
    { fault: 'Administrator', does: 'announces 1' },
    { fault: 'Administrator', last: { pod: 'pod-uid', minutes: 0, times: 1 }, does: 'restarts' },
    { fault: 'Administrator', last: { pod: 'pod-uid', minutes: 6, times: 1 }, does: 'waits' },
    { fault: 'Administrator', last: { pod: 'former', minutes: 0, times: 1 }, does: 'waits' },
    { fault: 'Administrator', last: { pod: 'former', minutes: 59, times: 1 }, does: 'waits' },
    { fault: 'Administrator', last: { pod: 'former', minutes: 60, times: 1 }, does: 'announces 2' },
    { fault: 'Administrator', last: { pod: 'former', minutes: 600, times: 5 }, does: 'announces 1' },
    { fault: 'Administrator', last: { pod: 'former', minutes: -600, times: 5 }, does: 'announces 6' },
    { fault: 'Certificate', last: { pod: 'former', minutes: 14, times: 1 }, does: 'waits' },
    { fault: 'Certificate', last: { pod: 'former', minutes: 15, times: 1 }, does: 'announces 2' },
    { fault: 'Certificate', last: { pod: 'former', minutes: 59, times: 2 }, does: 'waits' },
    { fault: 'Certificate', last: { pod: 'former', minutes: 60, times: 2 }, does: 'announces 3' },
  ])('is told before it is healed, and healed ever more rarely: $fault after $last $does', (row) => {
    const { does, words } = healed(row);
    expect(does).toBe(row.does);
    expect(words !== '').toBe(does === 'waits' || does === 'restarts' || (row.last?.minutes ?? 0) < 0);
  });
});
