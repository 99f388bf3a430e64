import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accessTo } from '../database/state.ts';
import { addonOf, FACTS, NOW, planOf, worldOf } from '../testing/fixtures.ts';
import { figuresOf, measuredOf } from '../testing/measured.ts';
import { podOf } from '../testing/pods.ts';
import { NO_MEMORY, type DatabaseKnowledge, type Memory } from '../world/memory.ts';
import { CALM_MS, measuring } from './measuring.ts';

const nowMs = NOW.getTime();
const access = accessTo(podOf(), FACTS, undefined);
const plan = planOf('1g').spec;

function measuringOf(memory: Partial<Memory>, at = nowMs, uid = 'addon-uid') {
  const addon = addonOf({}, { metadata: { uid } });
  return measuring(worldOf({ addon, memory: { ...NO_MEMORY, ...memory } }), plan, access, at);
}

/** Asked for the first time now. */
const database: DatabaseKnowledge = {
  podUid: access.podUid,
  credentials: access.credentials,
  askedMs: nowMs,
  sinceMs: nowMs,
  failures: 0,
  answer: { ok: false, kind: 'Unreachable', message: '' },
  probe: undefined,
};

describe('a database whose size is not known', () => {
  it('is asked within a fifth of the calm interval, at a moment of its own', () => {
    const property = fc.property(fc.uuid(), (uid) => {
      const { action, wakeMs = 0 } = measuringOf({ database }, nowMs, uid);
      if (action !== undefined) return true;
      const later = nowMs + wakeMs;
      const askedAgain = { ...database, askedMs: later - 5 };
      return (
        wakeMs <= CALM_MS / 5 &&
        measuringOf({ database: askedAgain }, later, uid).action?.do === 'measureDatabase'
      );
    });
    fc.assert(property);
  });

  it('is one of many that are asked one after the other', () => {
    const perTenSeconds = new Map<number, number>();
    for (let index = 0; index < 1000; index += 1) {
      const slot = Math.floor((measuringOf({ database }, nowMs, `uid-${index}`).wakeMs ?? 0) / 10_000);
      perTenSeconds.set(slot, (perTenSeconds.get(slot) ?? 0) + 1);
    }
    expect(perTenSeconds.size).toBe(12);
    expect(Math.max(...perTenSeconds.values())).toBeLessThan(150);
  });
});

describe('a database that was measured', () => {
  const figures = figuresOf({ series: 10 });

  it('is asked again after the interval, and a new pod at its moment', () => {
    const measured = measuredOf({ figures });
    expect(measuringOf({ measured })).toEqual({ action: undefined, wakeMs: CALM_MS });
    expect(measuringOf({ measured }, nowMs + CALM_MS).action?.do).toBe('measureDatabase');
    const other = measuredOf({ figures, podUid: 'before' });
    expect(measuringOf({ measured: other, database }).wakeMs).toBeLessThanOrEqual(CALM_MS / 5);
  });

  it('is asked no more than 6 times an hour when calm, by the whole course of a day', () => {
    let measured = measuredOf({ figures, gapMs: undefined });
    let asked = 0;
    for (let ms = nowMs; ms < nowMs + 24 * 3_600_000; ms += 10_000) {
      if (measuringOf({ measured }, ms).action === undefined) continue;
      measured = { ...measured, gapMs: ms - measured.askedMs, askedMs: ms };
      asked += 1;
    }
    expect(asked).toBeLessThanOrEqual(24 * 6 + 2);
    expect(asked).toBeGreaterThan(24 * 5);
  });

  it('is asked for what grows once at each level, and again after hours', () => {
    const measured = measuredOf({ figures: figuresOf({ series: 85_000 }) });
    const due = measuringOf({ measured }).action;
    expect(due).toMatchObject({ do: 'findGrowing', level: 'Near' });
    const growing = { atMs: nowMs, level: 'Near', found: undefined } as const;
    expect(measuringOf({ measured, growing }).action).toBeUndefined();
    expect(
      measuringOf(
        { measured: { ...measured, askedMs: nowMs + 6 * 3_600_000 }, growing },
        nowMs + 6 * 3_600_000,
      ).action?.do,
    ).toBe('findGrowing');
    const over = measuredOf({ figures: figuresOf({ series: 101_000 }) });
    expect(measuringOf({ measured: over, growing }).action).toMatchObject({ level: 'Over' });
  });

  it('is never asked for it with so many series that this would be the end of it', () => {
    const measured = measuredOf({ figures: figuresOf({ series: 201_000 }) });
    expect(measuringOf({ measured }).action).toBeUndefined();
  });
});
