import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pick } from '../../../test/size.ts';
import { MAX_ADDON_NAME } from '../../api/influx-addon.ts';
import { childNames, labelsOf, restartedForKey } from './names.ts';

const addonName = fc.stringMatching(/^[a-z](-?[a-z0-9]){0,19}$/);
/** Names that are likely to collide, if any do. */
const tricky = fc
  .array(fc.constantFrom('a', 'influx', 'admin', 'data', '0', 'binding', 'tls'), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => `a-${parts.join('-')}`);

function allNames(name: string): string[] {
  return [...new Set(Object.values(childNames(name)))];
}

describe('childNames', () => {
  it('of different addons have nothing in common', () => {
    const property = fc.property(fc.oneof(addonName, tricky), fc.oneof(addonName, tricky), (a, b) => {
      fc.pre(a !== b);
      const ofB = new Set(allNames(b));
      expect(allNames(a).filter((name) => ofB.has(name))).toEqual([]);
    });
    fc.assert(property, { numRuns: pick(5_000, 100_000) });
  });

  it('leave an app the name of its addon', () => {
    expect(allNames('my-app')).not.toContain('my-app');
  });

  it('fit into 63 characters for the longest addon, as do labels and the annotation key', () => {
    const longest = 'a'.repeat(MAX_ADDON_NAME);
    for (const name of [...allNames(longest), ...Object.values(labelsOf(longest))])
      expect(name.length).toBeLessThanOrEqual(63);
    expect(restartedForKey(longest).split('/')[1]?.length).toBeLessThanOrEqual(63);
    // The label that the StatefulSet controller puts on pods: its own name and a hash of ten characters.
    expect(childNames(longest).statefulSet.length + 1 + 10).toBeLessThanOrEqual(63);
  });
});
