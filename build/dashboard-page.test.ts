import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { buildPage } from './dashboard-page.ts';

const { files } = await buildPage();

test('what the page loads is less than 100 kB, compressed', () => {
  const loaded = ['/app.js', '/app.css'].map((path) => gzipSync(files[path]?.text ?? '').length);
  expect(Math.min(...loaded)).toBeGreaterThan(1_000);
  expect(loaded.reduce((sum, each) => sum + each, 0)).toBeLessThan(100_000);
});

test('nothing in the page is inline, and it names no other server', () => {
  const html = files['/']?.text ?? '';
  expect(html).not.toMatch(/<style|\bstyle=|\bon\w+=|<script(?![^>]*\bsrc=)/);
  expect(html).not.toMatch(/https?:\/\//);
  expect(files['/app.css']?.text).not.toMatch(/url\(|https?:/);
});
