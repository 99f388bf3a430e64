export interface PlanSize {
  /** The container's memory limit. */
  memoryBytes: number;
  /** The container's CPU limit, in cores. */
  cpuLimit: number;
  limits: {
    connections: number;
    concurrentQueries: number;
    /** For example `60s`; `0s` for none. */
    queryTimeout: string;
    series: number;
  };
}

/** The handler and figures of one Kubernetes probe; times in seconds. */
export interface EngineProbe {
  httpGet: { path: string; port: number; scheme: 'HTTP' | 'HTTPS' };
  periodSeconds: number;
  timeoutSeconds: number;
  failureThreshold: number;
}

export interface EngineLifecycle {
  startupProbe: EngineProbe;
  readinessProbe: EngineProbe;
  livenessProbe: EngineProbe;
  terminationGracePeriodSeconds: number;
}

/** The port of the engine's HTTP API, inside the pod and on the Service. */
export const ENGINE_PORT = 8086;
