import { expect, test } from 'vitest';
import { type Door, HEADERS, isName, rejection } from './guard.ts';

const TOKEN = 'a-token-of-this-test';
const door: Door = { hosts: ['127.0.0.1:8000', 'localhost:8000'], schemes: ['http'], token: TOKEN };
const ours = { host: '127.0.0.1:8000', authorization: `Bearer ${TOKEN}` };

function answer(method: string, path: string, headers: Record<string, string>, at = door): number {
  return rejection({ method, path, header: (name) => headers[name] }, at)?.status ?? 200;
}

test.each<[what: string, method: string, path: string, headers: Record<string, string>, status: number]>([
  ['the page, without a token', 'GET', '/', { host: '127.0.0.1:8000' }, 200],
  ['the page, by the other name', 'GET', '/', { host: 'LOCALHOST:8000' }, 200],
  ['its script', 'GET', '/app.js', { host: '127.0.0.1:8000', 'sec-fetch-site': 'same-origin' }, 200],
  ['an address that was typed', 'GET', '/', { host: '127.0.0.1:8000', 'sec-fetch-site': 'none' }, 200],
  [
    'a link on another page',
    'GET',
    '/',
    { host: '127.0.0.1:8000', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    200,
  ],
  ['data, with the token', 'GET', '/api/start', ours, 200],
  [
    'an edit, with the token',
    'POST',
    '/api/addons/a/b/do',
    { ...ours, origin: 'http://127.0.0.1:8000' },
    200,
  ],
  ['a name that was made to lead here', 'GET', '/', { host: 'evil.example:8000' }, 421],
  ['that name, with the token', 'GET', '/api/start', { ...ours, host: 'evil.example:8000' }, 421],
  ['another port of this machine', 'GET', '/', { host: '127.0.0.1:8001' }, 421],
  ['no host', 'GET', '/', {}, 421],
  ['data without a token', 'GET', '/api/start', { host: '127.0.0.1:8000' }, 401],
  ['data with another token', 'GET', '/api/start', { ...ours, authorization: 'Bearer other' }, 401],
  ['data with an empty token', 'GET', '/api/start', { ...ours, authorization: 'Bearer ' }, 401],
  [
    'data with the token as a password',
    'GET',
    '/api/start',
    { ...ours, authorization: `Basic ${TOKEN}` },
    401,
  ],
  ['the stream without a token', 'GET', '/api/addons/stream', { host: '127.0.0.1:8000' }, 401],
  ['an edit of another page', 'POST', '/api/addons/a/b/do', { ...ours, origin: 'https://evil.example' }, 403],
  ['an edit of a sandboxed frame', 'POST', '/api/addons/a/b/do', { ...ours, origin: 'null' }, 403],
  ['another port as origin', 'POST', '/api/addons/a/b/do', { ...ours, origin: 'http://127.0.0.1:9999' }, 403],
  ['data for another site', 'GET', '/api/start', { ...ours, 'sec-fetch-site': 'cross-site' }, 403],
  ['data for another port', 'GET', '/api/start', { ...ours, 'sec-fetch-site': 'same-site' }, 403],
  ['the script in another page', 'GET', '/app.js', { ...ours, 'sec-fetch-site': 'cross-site' }, 403],
  [
    'the page in a frame of another',
    'GET',
    '/',
    { host: '127.0.0.1:8000', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
    403,
  ],
])('%s: %s %s %j is %d', (_, method, path, headers, status) => {
  expect(answer(method, path, headers)).toBe(status);
});

test.each<[what: string, headers: Record<string, string>, status: number]>([
  ['a token of whoever it is', { authorization: 'Bearer any' }, 200],
  ['it, where TLS ends before us', { authorization: 'Bearer any', origin: 'https://db.example' }, 200],
  ['no token', {}, 401],
  ['another host', { authorization: 'Bearer any', host: 'evil.example' }, 421],
  ['another page', { authorization: 'Bearer any', origin: 'https://evil.example' }, 403],
])('where every visitor has a token, %s: %j is %d', (_, headers, status) => {
  const shared: Door = { hosts: ['db.example'], schemes: ['http', 'https'], token: undefined };
  expect(answer('POST', '/api/addons/a/b/do', { host: 'db.example', ...headers }, shared)).toBe(status);
});

test('nothing inline and nothing from elsewhere is run or shown', () => {
  const policy = HEADERS['content-security-policy'] ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|data:|https?:/);
});

test.each([
  ['shop', true],
  ['a.b-c', true],
  ['', false],
  ['..', false],
  ['a/../b', false],
  ['%2e%2e', false],
  ['a b', false],
  ['A', false],
  ['a?x', false],
  ['-a', false],
  ['a'.repeat(254), false],
])('%j may stand in a path: %s', (text, may) => {
  expect(isName(text)).toBe(may);
});
