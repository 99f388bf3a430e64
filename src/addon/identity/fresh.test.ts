import { describe, expect, it } from 'vitest';
import { fresh, isIdOf, isPassword, makeId } from './fresh.ts';

describe('fresh', () => {
  it('draws passwords of 288 bits in characters that need no escaping, at most 72 bytes', () => {
    const drawn = Array.from({ length: 1_000 }, () => fresh.password());
    for (const password of drawn) expect(password).toMatch(/^[A-Za-z0-9_-]{48}$/);
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(drawn.every(isPassword)).toBe(true);
  });

  it('draws numbers of four digits', () => {
    for (let draw = 0; draw < 1_000; draw += 1) {
      const number = fresh.number();
      expect(number).toBeGreaterThanOrEqual(1_000);
      expect(number).toBeLessThanOrEqual(9_999);
    }
  });
});

describe('makeId', () => {
  it('gives a name that needs no quoting', () => {
    expect(makeId('my-app', 3707)).toBe('my_app_3707');
  });

  it('is recognised for its own addon and for no other', () => {
    expect(isIdOf('my-app', 'my_app_3707')).toBe(true);
    for (const id of ['my_app_', 'my_app_x', 'my_app_1_2', 'my_appendix_3707', 'app_3707', undefined])
      expect(isIdOf('my-app', id)).toBe(false);
  });
});
