import { errors } from 'undici';
import { expect, test } from 'vitest';
import { ApiError } from './api-error.ts';
import { errorOf } from './status.ts';

test.each<[string, unknown, string, boolean]>([
  ['a reset', Object.assign(new Error('read'), { code: 'ECONNRESET' }), 'ConnectionReset', true],
  ['a socket closed by the server', new errors.SocketError('other side closed'), 'ConnectionReset', true],
  ['a refusal', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'ConnectionRefused', true],
  [
    'a cause inside',
    new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } }),
    'NameNotResolved',
    true,
  ],
  ['silence before the headers', new errors.HeadersTimeoutError(), 'Timeout', true],
  ['our own deadline', new DOMException('late', 'TimeoutError'), 'Timeout', true],
  ['an abort', new DOMException('stop', 'AbortError'), 'Aborted', false],
  [
    'an authority we do not know',
    Object.assign(new Error('x'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' }),
    'TlsRefused',
    true,
  ],
  ['a mistake in our code', new TypeError('x is not a function'), 'Unknown', false],
  ['not even an error', 'boom', 'Unknown', false],
])('%s becomes an ApiError without a code', (_, thrown, reason, transient) => {
  const error = ApiError.from(thrown);
  expect(error).toMatchObject({ code: 0, reason, isTransient: transient });
});

test('an ApiError passes through as itself', () => {
  const error = new ApiError({ code: 404, reason: 'NotFound', message: '' });
  expect(ApiError.from(error)).toBe(error);
});

test('the two kinds of 409 are told apart', () => {
  const exists = errorOf({ method: 'POST', path: '/x' }, 409, { kind: 'Status', reason: 'AlreadyExists' });
  const conflict = errorOf({ method: 'PUT', path: '/x' }, 409, { kind: 'Status', reason: 'Conflict' });
  expect([exists.isAlreadyExists, exists.isConflict]).toEqual([true, false]);
  expect([conflict.isAlreadyExists, conflict.isConflict]).toEqual([false, true]);
});

test('a Status gives reason, message, details and the wait it asks for', () => {
  const body = {
    kind: 'Status',
    reason: 'Forbidden',
    message: 'being terminated',
    details: { causes: [{ reason: 'NamespaceTerminating' }], retryAfterSeconds: 3 },
  };
  const error = errorOf({ method: 'POST', path: '/api/v1/namespaces/a/pods' }, 403, body);
  expect(error.message).toBe('POST /api/v1/namespaces/a/pods: 403 Forbidden: being terminated');
  expect(error).toMatchObject({ isForbidden: true, isNamespaceTerminating: true, retryAfterMs: 3000 });
});

test('an answer that is no Status still has a reason', () => {
  expect(errorOf({ method: 'GET', path: '/x' }, 503, 'upstream down').reason).toBe('ServiceUnavailable');
});

test('what the server says about a Secret is not repeated, its reasons and field names are', () => {
  const body = {
    kind: 'Status',
    reason: 'Invalid',
    message: 'Secret "a" is invalid: data[url]: Invalid value: "hunter2"',
    details: { causes: [{ reason: 'FieldValueInvalid', field: 'data[url]', message: 'hunter2' }] },
  };
  for (const path of ['/api/v1/namespaces/n/secrets', '/api/v1/namespaces/n/secrets/a']) {
    const error = errorOf({ method: 'PATCH', path }, 422, body);
    expect(JSON.stringify([error.message, error.stack, error.details])).not.toContain('hunter2');
    expect(error.details?.causes).toEqual([{ reason: 'FieldValueInvalid', field: 'data[url]' }]);
  }
});

test('what a quota or RBAC says about a Secret is repeated: it holds names and counts only', () => {
  const path = '/api/v1/namespaces/n/secrets';
  const quota =
    'exceeded quota: small, requested: count/secrets=1, used: count/secrets=3, limited: count/secrets=3';
  const rbac = 'User "operator" cannot create resource "secrets" in API group "" in the namespace "n"';
  const of = (code: number, message: string) =>
    errorOf({ method: 'POST', path }, code, { kind: 'Status', reason: 'Forbidden', message }).message;
  expect(of(403, `secrets "a" is forbidden: ${quota}`)).toBe(`POST ${path}: 403 Forbidden: ${quota}`);
  expect(of(403, `secrets is forbidden: ${rbac}`)).toBe(`POST ${path}: 403 Forbidden: ${rbac}`);
  expect(of(403, `admission webhook "x" denied the request: value hunter2`)).not.toContain('hunter2');
  expect(of(403, `${quota} but hunter2`)).not.toContain('hunter2');
  expect(of(422, rbac)).toBe(`POST ${path}: 422 Forbidden`);
});

test('an answer that could not be parsed is not quoted', () => {
  let thrown: unknown;
  try {
    JSON.parse('{"password":"hunter2');
  } catch (error) {
    thrown = error;
  }
  const error = ApiError.from(thrown);
  expect(error.reason).toBe('InvalidAnswer');
  expect(`${error.message}${error.stack}${JSON.stringify(error)}${String(error.cause)}`).not.toContain(
    'hunter2',
  );
});
