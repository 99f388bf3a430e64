import { describe, expect, it } from 'vitest';
import { parseExactly } from './exact-json.ts';
import { lineOf, seriesKey, type Field } from './line-protocol.ts';

const FIELDS: Field[] = [
  { name: 'f', type: 'float' },
  { name: 'i', type: 'integer' },
  { name: 's', type: 'string' },
  { name: 'b', type: 'boolean' },
];

describe('a point as a line', () => {
  it('keeps types, and numbers to their last digit', () => {
    const row = parseExactly('[-9223372036854775806,1e-300,9007199254740993,"3",false]') as unknown[];
    expect(lineOf('m', FIELDS, row[0], row.slice(1))).toBe(
      'm f=1e-300,i=9007199254740993i,s="3",b=false -9223372036854775806',
    );
  });

  it('leaves out what has no value, and is none without any', () => {
    expect(lineOf('m', FIELDS, '5', [null, '1', null, null])).toBe('m i=1i 5');
    expect(lineOf('m', FIELDS, '5', [null, null, null, null])).toBeUndefined();
  });

  it('escapes strings, and keeps their line feeds', () => {
    expect(lineOf('m', [{ name: 'a b,c=d', type: 'string' }], '1', ['say "\\"\nnow'])).toBe(
      'm a\\ b\\,c\\=d="say \\"\\\\\\"\nnow" 1',
    );
  });

  it('escapes names, and leaves out tags that the series does not have', () => {
    expect(seriesKey('a, b=c', { 'x y': 'v=1,2 ', none: '', back: 'a\\b' })).toBe(
      'a\\,\\ b=c,x\\ y=v\\=1\\,2\\ ,back=a\\b',
    );
  });

  it.each([['line\nfeed'], ['backslash\\']])(
    'refuses the name %j, which would become another one',
    (name) => {
      expect(() => seriesKey(name, {})).toThrow(RangeError);
      expect(() => seriesKey('m', { tag: name })).toThrow(RangeError);
      expect(() => lineOf('m', [{ name, type: 'float' }], '1', ['1'])).toThrow(RangeError);
    },
  );
});
