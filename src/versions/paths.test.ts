import fc from 'fast-check';
import { compare, major, minor } from 'semver';
import { describe, expect, it } from 'vitest';
import { pick } from '../../test/size.ts';
import { availableUpgrades, decideVersion, type CatalogueVersion } from './rules.ts';

const entry: fc.Arbitrary<CatalogueVersion> = fc
  .record({
    numbers: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 3 }), fc.nat(2)),
    lifecycle: fc.constantFrom('Available' as const, 'Deprecated' as const, 'Withdrawn' as const),
    default: fc.boolean(),
    migrates: fc.boolean(),
  })
  .map(({ numbers, migrates, ...rest }) => ({
    ...rest,
    name: numbers.join('.'),
    migratesFromMajor: migrates ? numbers[0] - 1 : null,
  }));

const catalogue = fc.uniqueArray(entry, { minLength: 1, maxLength: 14, selector: ({ name }) => name });

/** What users write in `spec.version` one after the other: minors, exact versions, nothing. */
const wishes = fc.array(
  fc.option(
    fc
      .tuple(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 3 }),
        fc.option(fc.nat(2), { nil: undefined }),
      )
      .map((numbers) => numbers.filter((number) => number !== undefined).join('.')),
    { nil: undefined },
  ),
  { maxLength: 12 },
);

/** Where a database gets to, each accepted version having opened the data. */
function pathOf(versions: readonly CatalogueVersion[], wanted: readonly (string | undefined)[]): string[] {
  const path: string[] = [];
  for (const wish of wanted) {
    const current = path.at(-1);
    const decision = decideVersion({ wanted: wish, current, openedBy: current }, versions);
    if (decision.accepted && decision.version !== current) path.push(decision.version);
  }
  return path;
}

function steps(path: readonly string[]): [string, string][] {
  return path.slice(1).map((to, index) => [path[index] ?? '', to]);
}

describe('every path that is accepted', () => {
  it('only goes up, skips no major, and leaves a major at its newest minor, into a version that migrates', () => {
    const property = fc.property(catalogue, wishes, (versions, wanted) => {
      for (const [from, to] of steps(pathOf(versions, wanted))) {
        expect(compare(to, from)).toBe(1);
        expect(major(to) - major(from)).toBeLessThanOrEqual(1);
        if (major(to) === major(from)) continue;
        const offered = versions.filter(
          ({ name, lifecycle }) => lifecycle !== 'Withdrawn' && major(name) === major(from),
        );
        for (const { name } of offered) expect(minor(name)).toBeLessThanOrEqual(minor(from));
        expect(versions.find(({ name }) => name === to)?.migratesFromMajor).toBe(major(from));
      }
    });
    fc.assert(property, { numRuns: pick(1_000, 3_000) });
  });

  it('never goes below what opened the data, whatever record of what is in force is found', () => {
    const records = fc.constantFrom(undefined, '1.0.0', '1.1.1', '1.2.1', '2.0.0', '2.1.1');
    const property = fc.property(catalogue, wishes, records, fc.nat(), (versions, wanted, record, drawn) => {
      const openedBy = versions[drawn % versions.length]?.name ?? '';
      const names = versions.map(({ name }) => name);
      for (const current of [record, ...names]) {
        for (const wish of [...wanted, ...names, current]) {
          const decision = decideVersion({ wanted: wish, current, openedBy }, versions);
          if (decision.accepted) expect(compare(decision.version, openedBy)).toBeGreaterThanOrEqual(0);
        }
      }
    });
    fc.assert(property, { numRuns: 1_000 });
  });

  it('is listed step by step in availableUpgrades, and what is listed is accepted', () => {
    const property = fc.property(catalogue, entry, (versions, { name: current }) => {
      const accepted = versions
        .map(({ name }) => name)
        .filter((wanted) => compare(wanted, current) > 0)
        .filter((wanted) => decideVersion({ wanted, current, openedBy: current }, versions).accepted);
      expect(availableUpgrades(current, versions)).toEqual(accepted.toSorted(compare));
    });
    fc.assert(property, { numRuns: pick(1_000, 3_000) });
  });

  it('is refused in words that name the field and a version to take', () => {
    const property = fc.property(catalogue, wishes, entry, (versions, wanted, { name: current }) => {
      for (const wish of wanted) {
        const decision = decideVersion({ wanted: wish, current, openedBy: current }, versions);
        if (!decision.accepted)
          expect(decision.message).toMatch(/^spec\.version.*(allowed|first|Allowed|stay on|name one of)/s);
      }
    });
    fc.assert(property);
  });

  it('does not depend on the order of the catalogue', () => {
    const property = fc.property(catalogue, wishes, (versions, wanted) => {
      expect(pathOf(versions.toReversed(), wanted)).toEqual(pathOf(versions, wanted));
    });
    fc.assert(property);
  });
});
