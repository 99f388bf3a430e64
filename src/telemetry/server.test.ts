import { expect, it } from 'vitest';
import { healthApp, missingOf, type Readiness } from './server.ts';

const READY: Readiness = { synced: true, webhookListens: true, stopping: false };

it.each<[string, Partial<Readiness>, number, string]>([
  ['that has all', {}, 200, 'ok'],
  ['whose caches fill', { synced: false }, 503, 'caches are not filled yet'],
  ['whose webhook does not listen', { webhookListens: false }, 503, 'the webhook does not listen yet'],
  ['that stops', { stopping: true }, 503, 'stopping'],
])('a replica %s says so, and lives', async (_, now, status, text) => {
  const app = healthApp({ alive: () => true, missing: () => missingOf({ ...READY, ...now }) });
  const answer = await app.request('/readyz');
  expect([answer.status, await answer.text()]).toEqual([status, text]);
  expect((await app.request('/healthz')).status).toBe(200);
});
