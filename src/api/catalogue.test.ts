import { describe, expect, it } from 'vitest';
import { milliOf, unitsOf } from '../kube/objects/quantity.ts';
import { isDefaultVersion, lifecycleOf, migratesFromMajorOf, storageOf } from './catalogue-defaults.ts';
import { plans, versions } from './catalogue.ts';
import { influxPlanKind } from './influx-plan.ts';
import { influxVersionKind } from './influx-version.ts';

const ofClass = (planClass: 'Starter' | 'Business') => plans.filter(({ spec }) => spec.class === planClass);

describe('the catalogue', () => {
  it('offers seven sizes, each as Starter and as Business', () => {
    const sizes = ['512m', '1g', '2g', '4g', '8g', '16g', '32g'];
    expect(ofClass('Starter').map(({ metadata }) => metadata?.name)).toEqual(sizes);
    expect(ofClass('Business').map(({ metadata }) => metadata?.name)).toEqual(
      sizes.map((size) => `${size}-business`),
    );
  });

  it.each(['Starter', 'Business'] as const)(
    'gives more of nothing less with each larger %s plan',
    (planClass) => {
      const figures = ofClass(planClass).map(({ spec }) => [
        unitsOf(spec.memory),
        milliOf(spec.cpu.request),
        milliOf(spec.cpu.limit),
        unitsOf(spec.storage.size),
        unitsOf(spec.storage.maxSize ?? '0'),
        spec.limits.connections,
        spec.limits.concurrentQueries,
        spec.limits.series,
      ]);
      for (const [n, larger] of figures.entries()) {
        const smaller = figures[n - 1] ?? larger.map(() => 0);
        expect(larger.every((figure, i) => figure >= (smaller[i] ?? Infinity))).toBe(true);
        expect(larger[0]).toBeGreaterThan(smaller[0] ?? 0);
      }
    },
  );

  it('names each plan by its memory', () => {
    for (const { metadata, spec } of plans) {
      const [, amount, unit] = /^(\d+)([mg])/.exec(metadata?.name ?? '') ?? [];
      expect(spec.memory).toBe(`${amount}${unit === 'm' ? 'Mi' : 'Gi'}`);
    }
  });

  it('is accepted by its own schemas', () => {
    for (const { spec } of plans) expect(influxPlanKind.schema.safeParse({ spec }).error).toBeUndefined();
    for (const { spec } of versions)
      expect(influxVersionKind.schema.safeParse({ spec }).error).toBeUndefined();
  });

  it('has exactly one default version, and images of the versions they are named for', () => {
    expect(versions.filter(isDefaultVersion).map(({ metadata }) => metadata?.name)).toEqual(['1.8.10']);
    for (const { metadata, spec } of versions) expect(spec.image).toBe(`influxdb:${metadata?.name}`);
  });
});

describe('a catalogue entry that says only what it must', () => {
  it('is available, on the default class, grows no further than its size', () => {
    const storage = { size: '5Gi' };
    const spec = { ...plans[0]!.spec, storage };
    expect(storageOf({ spec })).toEqual({
      size: '5Gi',
      maxSize: '5Gi',
      className: '',
      accessMode: 'ReadWriteOncePod',
      encrypted: 'Unknown',
    });
    expect(lifecycleOf({ spec: { image: 'influxdb:1.8.10' } })).toBe('Available');
  });

  it('is no default and migrates nothing', () => {
    expect(isDefaultVersion({ spec: { image: 'x' } })).toBe(false);
    expect(migratesFromMajorOf({ spec: { image: 'x', migratesFromMajor: null } })).toBeUndefined();
    expect(migratesFromMajorOf({ spec: { image: 'x', migratesFromMajor: 1 } })).toBe(1);
  });
});
