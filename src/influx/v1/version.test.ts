import { expect, it } from 'vitest';
import { isAtLeast, normaliseVersion } from './version.ts';

it.each([
  ['1.6.7~rc0', '1.6.7'],
  ['1.8.10', '1.8.10'],
  ['v2.7.12', '2.7.12'],
])('reads %s as %s', (reported, version) => {
  expect(normaliseVersion(reported)).toBe(version);
});

it('does not take any word for a version', () => {
  expect(() => normaliseVersion('unknown')).toThrow(/no version/);
});

it.each([
  ['1.10.0', '1.9', true],
  ['1.7.11', '1.7', true],
  ['1.6.7', '1.7', false],
  ['2.0.0', '1.12.3', true],
  ['1.12.2', '1.12.3', false],
])('%s is at least %s: %s', (version, minimum, expected) => {
  expect(isAtLeast(version, minimum)).toBe(expected);
});
