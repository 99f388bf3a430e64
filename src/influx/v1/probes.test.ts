import { expect, it } from 'vitest';
import { engineLifecycle } from './probes.ts';

it.each([
  [false, 'HTTP'],
  [true, 'HTTPS'],
] as const)('probes /ping with TLS %s by %s', (tls, scheme) => {
  const { startupProbe, readinessProbe, livenessProbe } = engineLifecycle({ tls });
  for (const probe of [startupProbe, readinessProbe, livenessProbe])
    expect(probe.httpGet).toEqual({ path: '/ping', port: 8086, scheme });
});

it('leaves the engine longer to stop than it takes itself', () => {
  expect(engineLifecycle({ tls: false }).terminationGracePeriodSeconds).toBeGreaterThanOrEqual(40);
});

it('takes the traffic away long before it kills', () => {
  const { readinessProbe: ready, livenessProbe: live, startupProbe: start } = engineLifecycle({ tls: false });
  expect(live.periodSeconds * live.failureThreshold).toBeGreaterThan(
    4 * ready.periodSeconds * ready.failureThreshold,
  );
  expect(start.periodSeconds * start.failureThreshold).toBeGreaterThanOrEqual(3_600);
});
