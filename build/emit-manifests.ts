import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { GROUP } from '../src/api/group.ts';
import { plans, versions } from '../src/api/catalogue.ts';
import { crdFiles, generatedYaml, writeFiles } from '../src/api/crd/emit-crds.ts';
import { alertGroups } from './alerts.ts';
import { board } from './board.ts';
import { NAMESPACE, operatorManifests } from './operator-manifests.ts';
import { policies, tenancyPolicies } from './policies.ts';
import {
  clusterRules,
  editRules,
  lockRules,
  namespaceRules,
  readRules,
  scopedRules,
  serviceBindingRules,
  tenantRules,
  viewRules,
} from './rbac.ts';

const CHART = 'charts/influxaddon-operator';

/** Everything that is generated below `deploy/` and `charts/`, by path from the root of the repository. */
export function manifestFiles(version: string): Map<string, string> {
  return new Map([...deployFiles(version), ...chartFiles(version)]);
}

/** `kubectl apply -k crds && kubectl apply -k deploy`, or one of the folders in it. */
function deployFiles(version: string): Map<string, string> {
  return new Map([
    ['deploy/kustomization.yaml', kustomization('../crds', 'operator.yaml', 'catalogue')],
    ['deploy/operator.yaml', generatedYaml(...operatorManifests(version))],
    [
      'deploy/high-availability/kustomization.yaml',
      kustomization('../../crds', 'operator.yaml', '../catalogue'),
    ],
    ['deploy/high-availability/operator.yaml', generatedYaml(...operatorManifests(version, { replicas: 2 }))],
    ['deploy/namespaced/kustomization.yaml', kustomization('../../crds', 'operator.yaml', '../catalogue')],
    [
      'deploy/namespaced/operator.yaml',
      generatedYaml(...operatorManifests(version, { watchNamespace: NAMESPACE })),
    ],
    ['deploy/catalogue/kustomization.yaml', kustomization('plans.yaml', 'versions.yaml')],
    ['deploy/catalogue/plans.yaml', generatedYaml(...plans)],
    ['deploy/catalogue/versions.yaml', generatedYaml(...versions)],
    ['deploy/argocd/argocd-cm.yaml', generatedYaml(healthChecks())],
  ]);
}

/** What Argo CD's own ConfigMap is to be patched with. */
function healthChecks() {
  const kinds = ['InfluxAddon', 'InfluxBackup', 'InfluxRestore', 'InfluxBackupStore'];
  const scripts = kinds.map((kind) => [
    `resource.customizations.health.${GROUP}_${kind}`,
    readFileSync(`deploy/argocd/${kind}.lua`, 'utf8'),
  ]);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-cm', namespace: 'argocd' },
    data: Object.fromEntries(scripts) as Record<string, string>,
  };
}

/** What the chart's templates read: the same definitions, rules and catalogue. */
function chartFiles(version: string): Map<string, string> {
  const files = new Map([
    [`${CHART}/Chart.yaml`, generatedYaml(chart(version))],
    [`${CHART}/files/alerts.yaml`, generatedYaml(alertGroups)],
    [`${CHART}/files/board.yaml`, generatedYaml(board)],
    [`${CHART}/files/plans.yaml`, generatedYaml(specsByName(plans))],
    [`${CHART}/files/versions.yaml`, generatedYaml(specsByName(versions))],
    [
      `${CHART}/files/policies.yaml`,
      generatedYaml({ policies, tenancy: tenancyPolicies('NAMESPACE', 'ACCOUNT', 'TENANT') }),
    ],
    [
      `${CHART}/files/rbac.yaml`,
      generatedYaml({
        clusterRules,
        tenantRules,
        readRules,
        scopedRules,
        lockRules,
        namespaceRules,
        editRules,
        viewRules,
        serviceBindingRules,
      }),
    ],
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
    // What it is tested with; the order of resourceVersions, on which caches rely, is documented since.
    kubeVersion: '>=1.35.0-0',
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
