import { expect, it } from 'vitest';
import { healthApp, listen, metricsApp, missingOf, type Readiness } from './server.ts';

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

it('health and metrics are served over IPv4 and IPv6: a kubelet asks by whatever address the pod has first', async () => {
  const health = await listen(healthApp({ alive: () => true, missing: () => undefined }), 0);
  const metrics = await listen(
    metricsApp(() => Promise.resolve('a 1')),
    0,
  );
  for (const host of ['127.0.0.1', '[::1]']) {
    expect(await (await fetch(`http://${host}:${health.port}/healthz`)).text()).toBe('ok');
    expect(await (await fetch(`http://${host}:${metrics.port}/metrics`)).text()).toBe('a 1');
  }
  await Promise.all([health.close(), metrics.close()]);
});

it('a process that makes no progress says so, for the kubelet to restart it', async () => {
  const answer = await healthApp({ alive: () => false, missing: () => undefined }).request('/healthz');
  expect([answer.status, await answer.text()]).toEqual([503, 'not making progress']);
});
