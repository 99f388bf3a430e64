import { readFile } from 'node:fs/promises';
import { plans, versions } from '../src/api/catalogue.ts';
import { crdFiles, generatedYaml, writeFiles } from '../src/api/emit-crds.ts';
import { operatorManifests } from './operator-manifests.ts';
import { policies } from './policies.ts';
import { clusterRules, editRules, namespaceRules, viewRules } from './rbac.ts';

const CHART = 'charts/influxaddon-operator';

/** Everything that is generated below `deploy/` and `charts/`, by path from the root of the repository. */
export function manifestFiles(version: string): Map<string, string> {
  return new Map([...deployFiles(version), ...chartFiles(version)]);
}

/** `kubectl apply -k crds && kubectl apply -k deploy`. */
function deployFiles(version: string): Map<string, string> {
  return new Map([
    ['deploy/kustomization.yaml', kustomization('../crds', 'operator.yaml', 'catalogue')],
    ['deploy/operator.yaml', generatedYaml(...operatorManifests(version))],
    ['deploy/catalogue/kustomization.yaml', kustomization('plans.yaml', 'versions.yaml')],
    ['deploy/catalogue/plans.yaml', generatedYaml(...plans)],
    ['deploy/catalogue/versions.yaml', generatedYaml(...versions)],
  ]);
}

/** What the chart's templates read: the same definitions, rules and catalogue. */
function chartFiles(version: string): Map<string, string> {
  const files = new Map([
    [`${CHART}/Chart.yaml`, generatedYaml(chart(version))],
    [`${CHART}/files/plans.yaml`, generatedYaml(specsByName(plans))],
    [`${CHART}/files/versions.yaml`, generatedYaml(specsByName(versions))],
    [`${CHART}/files/policies.yaml`, generatedYaml({ policies })],
    [`${CHART}/files/rbac.yaml`, generatedYaml({ clusterRules, namespaceRules, editRules, viewRules })],
  ]);
  for (const [path, content] of crdFiles()) {
    if (!path.endsWith('kustomization.yaml')) files.set(`${CHART}/files/${path}`, content);
  }
  return files;
}

function chart(version: string) {
  return {
    apiVersion: 'v2',
    name: 'influxaddon-operator',
    description: 'Runs InfluxDB databases as addons of applications',
    type: 'application',
    version,
    appVersion: version,
    kubeVersion: '>=1.30.0-0',
    keywords: ['influxdb', 'operator', 'database'],
  };
}

function kustomization(...resources: string[]): string {
  return generatedYaml({
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources,
  });
}

function specsByName(entries: readonly { metadata?: { name?: string }; spec: unknown }[]) {
  return Object.fromEntries(entries.map(({ metadata, spec }) => [metadata?.name, spec]));
}

/** The version of the project, which is that of the operator's image and of the chart. */
export async function projectVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile('package.json', 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version);
  throw new Error('package.json has no version');
}

if (import.meta.main) await writeFiles(manifestFiles(await projectVersion()));
