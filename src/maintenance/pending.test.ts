import { describe, expect, it } from 'vitest';
import type { InfluxPlanSpec } from '../api/influx-plan.ts';
import { pendingOf, type PlatformWishes } from './pending.ts';

const NOW = new Date('2026-03-10T12:00:00.250Z');
const SINCE = '2026-03-10T12:00:00Z';
const PLAN: InfluxPlanSpec = {
  class: 'Starter',
  memory: '1Gi',
  cpu: { request: '250m', limit: '1' },
  storage: { size: '20Gi' },
  limits: { connections: 1000, concurrentQueries: 20, queryTimeout: '60s', series: 100_000 },
};
const CONTENT: PlatformWishes = {
  version: { wanted: '1.8', inForce: '1.8.10', catalogue: [{ name: '1.8.10', lifecycle: 'Available' }] },
  plan: { name: '1g', inForce: PLAN, catalogue: PLAN },
  template: { running: 'a', rendered: 'a' },
  certificate: undefined,
  authority: undefined,
};

function pending(more: Partial<PlatformWishes>, before: Parameters<typeof pendingOf>[1] = []) {
  return pendingOf({ ...CONTENT, ...more }, before, NOW);
}

function plan(catalogue: InfluxPlanSpec | undefined): Partial<PlatformWishes> {
  return { plan: { name: '1g', inForce: PLAN, catalogue } };
}

const PATCH: Partial<PlatformWishes> = {
  version: { ...CONTENT.version, catalogue: [{ name: '1.8.11', lifecycle: 'Available' }] },
};

describe('pendingOf', () => {
  it('lists an authority that apps do not know, at the latest by the end of what they know', () => {
    const latest = new Date('2026-05-01T00:00:00Z');
    const what = 'authority that signs certificates, which apps have to learn of';
    expect(pending({ authority: { latest } })).toEqual([{ kind: 'authority', what, since: SINCE, latest }]);
    expect(pending({ authority: { latest: undefined } })).toEqual([
      { kind: 'authority', what, since: SINCE },
    ]);
  });

  it('is empty when the platform has got all that it wants', () => {
    expect(pending({})).toEqual([]);
  });

  it('lists a newer patch, an edited plan, a changed template and a renewed certificate', () => {
    const latest = new Date('2026-05-01T00:00:00Z');
    const all = pending({
      ...PATCH,
      ...plan({ ...PLAN, memory: '2Gi', limits: { ...PLAN.limits, series: 1 } }),
      template: { running: 'a', rendered: 'b' },
      certificate: { latest },
    });
    expect(all).toEqual([
      { kind: 'version', what: 'version 1.8.11', since: SINCE },
      { kind: 'plan', what: 'plan 1g as it is now (memory, limits)', since: SINCE },
      {
        kind: 'template',
        what: 'template of the pod as this release of the operator makes it',
        since: SINCE,
      },
      { kind: 'certificate', what: 'certificate that was renewed', since: SINCE, latest },
    ]);
  });

  it.each<{ edit: string; after: InfluxPlanSpec | undefined }>([
    { edit: 'deleted', after: undefined },
    { edit: 'withdrawn', after: { ...PLAN, lifecycle: 'Withdrawn' } },
    { edit: 'of another class', after: { ...PLAN, class: 'Business' } },
    { edit: 'given what it had by default', after: { ...PLAN, storage: { size: '20Gi', maxSize: '20Gi' } } },
  ])('has nothing to do with a plan that was $edit', ({ after }) => {
    expect(pending(plan(after))).toEqual([]);
  });

  it('sees an edited volume of a plan', () => {
    expect(pending(plan({ ...PLAN, storage: { size: '30Gi' } }))[0]?.what).toContain('(storage)');
  });

  it('keeps since when it has waited, also when something newer of the kind replaces what is waited for', () => {
    const before = [
      { what: 'version 1.8.10', since: '2026-03-01T00:00:00Z' },
      { what: 'plan 1g as it is now (cpu)', since: '2026-03-02T00:00:00Z' },
    ];
    const [version, edited, template] = pending(
      { ...PATCH, ...plan({ ...PLAN, memory: '2Gi' }), template: { running: 'a', rendered: 'b' } },
      before,
    );
    expect(version).toMatchObject({ what: 'version 1.8.11', since: '2026-03-01T00:00:00Z' });
    expect(edited?.since).toBe('2026-03-02T00:00:00Z');
    expect(template?.since).toBe(SINCE);
  });

  it('is empty when amounts of the plan are written in other units', () => {
    const cpu = { request: '0.25', limit: '1000m' };
    const storage = { size: '20480Mi', maxSize: '20Gi' };
    expect(pending(plan({ ...PLAN, memory: '1024Mi', cpu, storage }))).toEqual([]);
    expect(pending(plan({ ...PLAN, cpu: { ...cpu, limit: '1001m' } }))).toHaveLength(1);
    expect(pending(plan({ ...PLAN, limits: { ...PLAN.limits, queryTimeout: '61s' } }))).toHaveLength(1);
  });

  it('gives back itself from what status kept of it', () => {
    const first = pending(PATCH);
    expect(pendingOf({ ...CONTENT, ...PATCH }, first, new Date('2026-04-01T00:00:00Z'))).toEqual(first);
  });
});
