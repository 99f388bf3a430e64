import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { InfluxError } from '../../src/influx/influx-error.ts';
import type { HttpInfluxTransport } from '../../src/influx/transport.ts';
import type { ApiError } from '../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../src/kube/api/client.ts';
import type { loadKubeconfig } from '../../src/kube/api/credentials.ts';
import type { EventRecorder } from '../../src/kube/event-recorder.ts';
import type { HttpTransport } from '../../src/kube/api/http-transport.ts';
import type { AddonOperator } from '../../src/operator/addons.ts';

/** The parts of the operator that the harness puts together, as src/operator/run.ts does. */
export interface Product {
  readonly AddonOperator: typeof AddonOperator;
  readonly InfluxError: typeof InfluxError;
  readonly HttpInfluxTransport: typeof HttpInfluxTransport;
  readonly ApiError: typeof ApiError;
  readonly KubeClient: typeof KubeClient;
  readonly loadKubeconfig: typeof loadKubeconfig;
  readonly EventRecorder: typeof EventRecorder;
  readonly HttpTransport: typeof HttpTransport;
}

/** The folder of the sources under test. */
export const SOURCES = join(import.meta.dirname, '../../src');

/** Loads them from a folder: the repository's own, or a copy with a bug seeded into it. */
export async function loadProduct(folder = SOURCES): Promise<Product> {
  const load = async (file: string) => (await import(pathToFileURL(join(folder, file)).href)) as object;
  const files = [
    'operator/addons.ts',
    'kube/client.ts',
    'kube/event-recorder.ts',
    'kube/http-transport.ts',
    'kube/credentials.ts',
    'influx/transport.ts',
    'kube/api-error.ts',
    'influx/influx-error.ts',
  ];
  const modules = await Promise.all(files.map(load));
  return Object.assign({}, ...modules) as Product;
}
