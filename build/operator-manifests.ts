import { clusterRules, editRules, namespaceRules, type PolicyRule, viewRules } from './rbac.ts';

const NAME = 'influxaddon-operator';
const NAMESPACE = 'influxaddon-system';
const METRICS_PORT = 8080;
const HEALTH_PORT = 8081;

const selector = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/instance': NAME };
const labels = { ...selector, 'app.kubernetes.io/part-of': 'influxaddon' };

/** The operator as plain manifests, in the order of installation. The chart's defaults render the same. */
export function operatorManifests(version: string): object[] {
  return [
    namespace(),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: namespaced(NAME) },
    clusterRole(NAME, clusterRules),
    clusterRole(`${NAME}-edit`, editRules, ['admin', 'edit']),
    clusterRole(`${NAME}-view`, viewRules, ['admin', 'edit', 'view']),
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME, labels },
      ...binds('ClusterRole'),
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: namespaced(NAME),
      rules: namespaceRules,
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: namespaced(NAME),
      ...binds('Role'),
    },
    metricsService(),
    deployment(version),
  ];
}

function namespaced(name: string) {
  return { name, namespace: NAMESPACE, labels };
}

function namespace() {
  const enforce = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels: enforce } };
}

function clusterRole(name: string, rules: readonly PolicyRule[], aggregateTo: string[] = []) {
  const aggregation = aggregateTo.map((role) => [`rbac.authorization.k8s.io/aggregate-to-${role}`, 'true']);
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name, labels: { ...labels, ...Object.fromEntries(aggregation) } },
    rules,
  };
}

function binds(kind: 'ClusterRole' | 'Role') {
  return {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: NAME },
    subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
  };
}

function metricsService() {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: namespaced(`${NAME}-metrics`),
    spec: { selector, ports: [{ name: 'metrics', port: METRICS_PORT, targetPort: 'metrics' }] },
  };
}

function deployment(version: string) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: namespaced(NAME),
    spec: {
      replicas: 1,
      selector: { matchLabels: selector },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: NAME,
          enableServiceLinks: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            runAsGroup: 65532,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: 'operator',
              image: `influxaddon-operator:${version}`,
              imagePullPolicy: 'IfNotPresent',
              args: [
                'operator',
                '--leader-elect',
                '--cluster-domain=cluster.local',
                '--log-level=info',
                `--metrics-port=${METRICS_PORT}`,
                `--health-port=${HEALTH_PORT}`,
              ],
              env: [
                { name: 'INFLUXADDON_POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                {
                  name: 'INFLUXADDON_POD_NAMESPACE',
                  valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } },
                },
              ],
              ports: [
                { name: 'metrics', containerPort: METRICS_PORT },
                { name: 'health', containerPort: HEALTH_PORT },
              ],
              livenessProbe: {
                httpGet: { path: '/healthz', port: 'health' },
                periodSeconds: 10,
                timeoutSeconds: 5,
                failureThreshold: 6,
              },
              readinessProbe: {
                httpGet: { path: '/readyz', port: 'health' },
                periodSeconds: 2,
                timeoutSeconds: 2,
              },
              resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
            },
          ],
        },
      },
    },
  };
}
