import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { loadAll } from 'js-yaml';
import { z } from 'zod';
import { NODE_FLAGS, RUNTIME_ENV } from '../../build/runtime.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import type { Kind } from '../../src/kube/objects/kinds.ts';
import type { KubeObject } from '../../src/kube/objects/types.ts';
import { OPERATOR_NAMESPACE, OPERATOR_USER, TENANCY_FLAGS } from '../integration/operator-bed.ts';

/** An operator that is measured: how it is started, and what it is given to do. */
export interface Arm {
  readonly name: string;
  /** Who it is to the API server. */
  readonly user: string;
  readonly groups: readonly string[];
  /** `{kubeconfig}` stands for the path of its kubeconfig. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Its credentials are where a pod has them. */
  readonly inCluster: boolean;
  /** What has to be there before it is started, its definitions first. */
  readonly manifests: readonly KubeObject[];
  readonly kind: Kind<KubeObject>;
  readonly spec: object;
  /** The type of the condition that is True when one of its objects is ready. */
  readonly ready: string;
}

/** The bundle in this folder as its container starts it. */
export function bundledArm(name: string, folder: string): Arm {
  const flags = [
    '--pod-name=bench',
    '--log-level=error',
    '--health-port=0',
    '--metrics-port=0',
    '--webhook-port=0',
  ];
  const main = [process.execPath, ...NODE_FLAGS, join(folder, 'main.js'), 'operator'];
  return {
    name,
    user: OPERATOR_USER,
    groups: [],
    command: [...main, `--pod-namespace=${OPERATOR_NAMESPACE}`, ...flags, ...TENANCY_FLAGS],
    env: RUNTIME_ENV,
    inCluster: true,
    manifests: [],
    kind: InfluxAddon,
    spec: { plan: '512m' },
    ready: 'Ready',
  };
}

const file = z.strictObject({
  name: z.string(),
  /** Of another build of this operator; then nothing else is needed. */
  bundle: z.string().optional(),
  command: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).default({}),
  manifests: z.array(z.string()).default([]),
  kind: z
    .strictObject({ group: z.string(), version: z.string(), plural: z.string(), kind: z.string() })
    .optional(),
  spec: z.record(z.string(), z.unknown()).default({}),
  ready: z.string().default('Ready'),
});

/**
 * A further arm by a JSON file: the folder of another build of this operator (`bundle`), or any operator's command line
 * with its manifests (paths beside the file), kind and spec. That one is an administrator of the control plane.
 */
export async function armOf(path: string): Promise<Arm> {
  const { name, bundle, command, kind, manifests, ...rest } = file.parse(
    JSON.parse(await readFile(path, 'utf8')),
  );
  const beside = (each: string) => resolve(dirname(path), each);
  if (bundle !== undefined) return bundledArm(name, beside(bundle));
  if (command === undefined || kind === undefined)
    throw new Error(`${path} has to name a bundle, or a command and the kind of its objects`);
  const objects = await Promise.all(
    manifests.map(async (each) => loadAll(await readFile(beside(each), 'utf8'))),
  );
  return {
    name,
    user: `bench-${name}`,
    groups: ['system:masters'],
    command,
    inCluster: false,
    manifests: objects.flat() as KubeObject[],
    kind: { ...kind, namespaced: true },
    ...rest,
  };
}
