import { expect, test } from 'vitest';
import { EventParser } from './sse.ts';

const stream =
  ': still there\n\nevent: rows\ndata: [1]\n\nevent: changed\ndata: {"a":\ndata: 2}\nid: 7\n\ndata: x\n\n';

test('events are the same however the stream is cut into pieces; comments are none', () => {
  const whole = [
    { name: 'rows', data: '[1]' },
    { name: 'changed', data: '{"a":\n2}' },
    { name: 'message', data: 'x' },
  ];
  for (let size = 1; size <= stream.length; size++) {
    const parser = new EventParser();
    const events = [];
    for (let from = 0; from < stream.length; from += size)
      events.push(...parser.take(stream.slice(from, from + size)));
    expect(events, `pieces of ${size}`).toEqual(whole);
  }
});

test('what is not whole is not given', () => {
  const parser = new EventParser();
  expect(parser.take('event: rows\ndata: [1]\n')).toEqual([]);
  expect(parser.take('\n')).toEqual([{ name: 'rows', data: '[1]' }]);
});
