import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectVersion } from '../../build/emit-manifests.ts';
import { type InstallationOptions, NAMESPACE, operatorManifests } from '../../build/operator-manifests.ts';
import { type PolicyRule, webhookRules } from '../../build/rbac.ts';
import { plans, versions } from '../../src/api/catalogue.ts';
import { crdOf } from '../../src/api/crd/crd.ts';
import { customKinds } from '../../src/api/kinds.ts';
import { helm as helmBinary, kubectl as kubectlBinary } from '../cluster/binaries.ts';
import { run } from '../cluster/run-command.ts';
import { withoutHelm } from './chart/without-helm.ts';

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
}
interface Tree {
  [key: string]: unknown;
}

const CHART = 'charts/influxaddon-operator';
const RELEASE = 'influxaddon-operator';
const BARE = ['--set', 'crds.install=false,catalogue.install=false'];

let home: string;
let helmPath: string;
let kubectlPath: string;

beforeAll(async () => {
  [helmPath, kubectlPath] = await Promise.all([helmBinary(), kubectlBinary()]);
  home = await mkdtemp(join(tmpdir(), 'chart-values-'));
});
afterAll(async () => {
  if (home !== undefined) await rm(home, { recursive: true, force: true });
});

describe.for<[string, string, InstallationOptions, string[]]>([
  ['deploy', 'an operator of all namespaces', {}, []],
  ['deploy/high-availability', 'two replicas', { replicas: 2 }, ['--set', 'replicas=2']],
  [
    'deploy/namespaced',
    'an operator of one namespace',
    { watchNamespace: NAMESPACE },
    ['--set', `watchNamespace=${NAMESPACE}`],
  ],
])('%s: %s', ([folder, , options, flags]) => {
  it('is what the chart renders, but for the marks of Helm', async () => {
    const wanted = await manifests(options);
    const rendered = await template(CHART, ...BARE, ...flags);
    expect(byName(rendered.map(withoutHelm))).toEqual(
      byName(wanted.filter(({ kind }) => kind !== 'Namespace')),
    );
  });

  it('is what kustomize makes of the folder, with definitions and catalogue', async () => {
    const built = loadAll(await run(kubectlPath, ['kustomize', folder])) as Manifest[];
    const shipped = [...customKinds.map(crdOf), ...plans, ...versions];
    const all = [...(await manifests(options)), ...(JSON.parse(JSON.stringify(shipped)) as Manifest[])];
    expect(byName(built)).toEqual(byName(all));
  });
});

it('an operator of one namespace has no right on workloads, Secrets or roles outside of it', async () => {
  const rendered = await template(CHART, ...BARE, '--set', 'watchNamespace=shop');
  const roles = rendered.filter(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === RELEASE);
  const words = JSON.stringify(roles);
  for (const word of ['secrets', 'rolebindings', 'pods', 'statefulsets', 'bind', 'influxaddons', 'jobs'])
    expect(words).not.toContain(`"${word}"`);
  expect(JSON.stringify(rendered)).not.toContain('--tenant-role');
});

it('is never drained whole, and never holds up a drain of a single replica', async () => {
  const budgets = async (value: string) => {
    const rendered = await template(CHART, ...BARE, '--set', value);
    return rendered.filter(({ kind }) => kind === 'PodDisruptionBudget').length;
  };
  expect(await budgets('replicas=1')).toBe(0);
  expect(await budgets('replicas=2')).toBe(1);
});

it('makes its own issuer for cert-manager where none is named', async () => {
  const rendered = await template(CHART, ...BARE, '--set', 'webhook.certManager.enabled=true');
  const issuer = rendered.find(({ kind }) => kind === 'Issuer');
  expect(issuer?.metadata.name).toBe(`${RELEASE}-webhook`);
  expect(JSON.stringify(rendered)).toContain(`--webhook-secret=${RELEASE}-webhook-tls`);
});

it('may put an authority into the configuration of its own webhook, and into none where cert-manager does', async () => {
  const rightsOn = async (...flags: string[]) => {
    const rendered = await template(CHART, ...BARE, ...flags);
    const rules = (rendered as { rules?: PolicyRule[] }[]).flatMap((manifest) => manifest.rules ?? []);
    return rules.filter(({ apiGroups }) => apiGroups.includes('admissionregistration.k8s.io'));
  };
  expect(await rightsOn()).toEqual(webhookRules(`${RELEASE}-webhook`));
  expect(await rightsOn('--set', 'webhook.certManager.enabled=true')).toEqual([]);
  expect(await rightsOn('--set', 'webhook.enabled=false')).toEqual([]);
});

describe('the values', () => {
  it('all rendered, are the golden file (vitest -u writes it) and pass helm lint', async () => {
    const file = 'test/integration/chart/everything.yaml';
    await expect(await helm('template', RELEASE, CHART, '-n', NAMESPACE, '-f', file)).toMatchFileSnapshot(
      'chart/everything.golden.yaml',
    );
    expect(await helm('lint', '--strict', CHART, '-f', file)).toContain('0 chart(s) failed');
  });

  it('are all in that file, and each of them changes what is rendered', async () => {
    const defaults = load(await readFile(`${CHART}/values.yaml`, 'utf8')) as Tree;
    const everything = load(await readFile('test/integration/chart/everything.yaml', 'utf8')) as Tree;
    expect(leaves(everything, defaults).map(String)).toEqual(leaves(defaults, defaults).map(String));
    const whole = await rendering(everything);
    const idle: string[] = [];
    for (const path of leaves(defaults, defaults)) {
      const other = changed(everything, defaults, path);
      if ((await rendering(other)) === whole) idle.push(path.join('.'));
    }
    expect(idle).toEqual([]);
  });
});

/** The paths of the values, a free-form one (empty by default) as a whole. */
function leaves(tree: Tree, defaults: Tree, path: string[] = []): string[][] {
  return Object.keys(tree)
    .toSorted()
    .flatMap((key) => {
      const inner = defaults[key];
      const isTree = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
      if (!isTree || Object.keys(inner).length === 0 || FREE.has(key)) return [[...path, key]];
      return leaves(tree[key] as Tree, inner as Tree, [...path, key]);
    });
}

/** Handed to Kubernetes as they are. */
const FREE = new Set(['resources', 'podSecurityContext', 'labels']);

/** With the default in this one place, or a switch the other way round where it has the default already. */
function changed(everything: Tree, defaults: Tree, path: readonly string[]): Tree {
  const [key = '', ...rest] = path;
  if (rest.length > 0)
    return { ...everything, [key]: changed(everything[key] as Tree, defaults[key] as Tree, rest) };
  const same = JSON.stringify(everything[key]) === JSON.stringify(defaults[key]);
  return { ...everything, [key]: same ? everything[key] !== true : defaults[key] };
}

async function rendering(values: Tree): Promise<string> {
  const file = join(home, 'values.json');
  await writeFile(file, JSON.stringify(values));
  try {
    return await helm('template', RELEASE, CHART, '-n', NAMESPACE, '-f', file);
  } catch (error) {
    return String(error);
  }
}

async function manifests(options: InstallationOptions): Promise<Manifest[]> {
  return JSON.parse(JSON.stringify(operatorManifests(await projectVersion(), options))) as Manifest[];
}

async function template(of: string, ...flags: string[]): Promise<Manifest[]> {
  const text = await helm('template', RELEASE, of, '-n', NAMESPACE, ...flags);
  return (loadAll(text) as (Manifest | null)[]).filter((manifest) => manifest !== null);
}

async function helm(...args: string[]): Promise<string> {
  return await run(helmPath, args, { env: { HOME: home, XDG_CACHE_HOME: home, KUBECONFIG: '/dev/null' } });
}

function byName(all: Manifest[]): Record<string, Manifest> {
  return Object.fromEntries(all.map((each) => [`${each.kind}/${each.metadata.name}`, each]));
}
