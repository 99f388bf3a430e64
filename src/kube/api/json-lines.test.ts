import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonLines } from './json-lines.ts';
import { collect } from '../testing/collect.ts';

test('values come out as they went in, wherever the bytes were split', async () => {
  const values = fc.array(fc.record({ text: fc.string({ unit: 'grapheme' }), n: fc.integer() }), {
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(values, fc.integer({ min: 1, max: 7 }), async (sent, size) => {
      const bytes = Buffer.from(sent.map((value) => `${JSON.stringify(value)}\n`).join(''));
      expect(await collect(jsonLines(pieces(bytes, size)))).toEqual(sent);
    }),
  );
});

test('a line of many megabytes is one value', async () => {
  const long = { text: 'ä'.repeat(4 * 1024 * 1024) };
  const bytes = Buffer.from(`${JSON.stringify(long)}\n`);
  const [value] = await collect(jsonLines(pieces(bytes, 16_384)));
  expect(value).toEqual(long);
});

test('a line that was cut off is dropped, and empty lines are none', async () => {
  expect(await collect(jsonLines(pieces(Buffer.from('1\n\n2\n{"cut'), 3)))).toEqual([1, 2]);
});

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}
