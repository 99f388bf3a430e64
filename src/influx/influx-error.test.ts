import { expect, it } from 'vitest';
import { InfluxError } from './influx-error.ts';

it.each([
  [Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:8086'), { code: 'ECONNREFUSED' }), 'Unreachable'],
  [
    Object.assign(new AggregateError([Object.assign(new Error('x'), { code: 'ENETUNREACH' })])),
    'Unreachable',
  ],
  [Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }), 'Unreachable'],
  [Object.assign(new Error('Headers Timeout Error'), { code: 'UND_ERR_HEADERS_TIMEOUT' }), 'Timeout'],
  [new DOMException('too late', 'TimeoutError'), 'Timeout'],
  [Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'Untrusted'],
  ['a thrown string', 'Protocol'],
])('normalises %s to %s', (reason, kind) => {
  const error = InfluxError.from(reason);
  expect(error).toBeInstanceOf(InfluxError);
  expect(error.kind).toBe(kind);
  expect(error.message).not.toBe('');
});

it('keeps an InfluxError as it is', () => {
  const error = new InfluxError('Forbidden', 'no', { status: 403 });
  expect(InfluxError.from(error)).toBe(error);
});

it.each([
  [new InfluxError('Unreachable', ''), true],
  [new InfluxError('Timeout', ''), true],
  [new InfluxError('Refused', '', { status: 503 }), true],
  [new InfluxError('Refused', '', { status: 400 }), false],
  [new InfluxError('Unauthorized', '', { status: 401 }), false],
])('knows which errors may pass by themselves', (error, transient) => {
  expect(error.isTransient).toBe(transient);
});
