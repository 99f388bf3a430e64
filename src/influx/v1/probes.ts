import { ENGINE_PORT, type EngineLifecycle } from '../pod-parts.ts';

/**
 * How Kubernetes sees the engine's health. `/ping` is there in every version and asks for no credentials
 * (`/health` is 404 before 1.8). There is one listener, with TLS or without, so the scheme follows it; the
 * kubelet does not verify the certificate.
 */
export function engineLifecycle({ tls }: { tls: boolean }): EngineLifecycle {
  const httpGet = { path: '/ping', port: ENGINE_PORT, scheme: tls ? ('HTTPS' as const) : ('HTTP' as const) };
  return {
    // The port opens only when all shards are open: replaying a large WAL, or building an index after an
    // upgrade, takes long, and killing it starts the work again. One hour.
    startupProbe: { httpGet, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 3_600 },
    readinessProbe: { httpGet, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 },
    // Three minutes: an application that takes every connection also shuts out the kubelet, and a restart
    // cures nothing then.
    livenessProbe: { httpGet, periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 18 },
    // influxd gives up its own orderly stop after 30 s.
    terminationGracePeriodSeconds: 60,
  };
}
