import fc from 'fast-check';
import { compare } from 'semver';
import { describe, expect, it } from 'vitest';
import { newestPatch, type PatchCandidate } from './newest-patch.ts';

function entries(...names: string[]): PatchCandidate[] {
  return names.map((name) => {
    const [version = '', mark] = name.split(' ');
    return {
      name: version,
      lifecycle: mark === 'D' ? 'Deprecated' : mark === 'W' ? 'Withdrawn' : 'Available',
    };
  });
}

describe('newestPatch', () => {
  it.each([
    { wanted: '1.8', current: '1.8.5', catalogue: ['1.8.5', '1.8.9', '1.8.10', '1.9.0'], found: '1.8.10' },
    { wanted: undefined, current: '1.8.5', catalogue: ['1.8.10', '2.0.0'], found: '1.8.10' },
    { wanted: '1.8', current: '1.8.10', catalogue: ['1.8.5', '1.8.10'], found: undefined },
    { wanted: '1.8.5', current: '1.8.5', catalogue: ['1.8.10'], found: undefined },
    // The user asked for another minor: that is an upgrade, now, and not this.
    { wanted: '1.8', current: '1.7.3', catalogue: ['1.7.11', '1.8.10'], found: undefined },
    { wanted: '1.7', current: '1.8.10', catalogue: ['1.7.11', '1.8.11'], found: undefined },
    { wanted: '1.8', current: '1.8.5', catalogue: ['1.8.8', '1.8.9 D', '1.8.10 W'], found: '1.8.8' },
    { wanted: '1.8', current: '1.8.5', catalogue: ['1.8.10 W'], found: undefined },
    { wanted: '1.8', current: '1.8.5', catalogue: ['nonsense', '1.80.9', '1.8.6-rc.1'], found: undefined },
    { wanted: '1.8', current: '1.8.5', catalogue: [], found: undefined },
  ])(
    'of $current with spec.version $wanted and $catalogue is $found',
    ({ wanted, current, catalogue, found }) => {
      expect(newestPatch(wanted, current, entries(...catalogue))).toBe(found);
    },
  );

  it('never leaves the minor, never goes down, and has nothing more to want once it is taken', () => {
    const number = fc.nat(3);
    const version = fc.tuple(number, number, number).map((parts) => parts.join('.'));
    const lifecycle = fc.constantFrom('Available' as const, 'Deprecated' as const, 'Withdrawn' as const);
    const catalogues = fc.array(fc.record({ name: version, lifecycle }), { maxLength: 30 });
    fc.assert(
      fc.property(version, catalogues, fc.boolean(), (current, catalogue, named) => {
        const line = current.replace(/\.\d+$/, '');
        const found = newestPatch(named ? line : undefined, current, catalogue);
        if (found === undefined) return;
        expect(found.startsWith(`${line}.`)).toBe(true);
        expect(compare(found, current)).toBe(1);
        expect(newestPatch(named ? line : undefined, found, catalogue)).toBeUndefined();
      }),
    );
  });
});
