import { REVIEW_PATH } from '../src/admission/app.ts';
import { policies } from './policies.ts';
import { clusterRules, editRules, namespaceRules, type PolicyRule, viewRules, webhookRules } from './rbac.ts';

const NAME = 'influxaddon-operator';
const NAMESPACE = 'influxaddon-system';
const METRICS_PORT = 8080;
const HEALTH_PORT = 8081;
const WEBHOOK_PORT = 9443;
const WEBHOOK = `${NAME}-webhook`;

const selector = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/instance': NAME };
const labels = { ...selector, 'app.kubernetes.io/part-of': 'influxaddon' };

/** The operator as plain manifests, in the order of installation. The chart's defaults render the same. */
export function operatorManifests(version: string): object[] {
  return [
    namespace(),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: namespaced(NAME) },
    clusterRole(NAME, [...clusterRules, ...webhookRules(WEBHOOK)]),
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
    webhookService(),
    deployment(version),
    webhookConfiguration(),
    ...policies.flatMap(({ suffix, spec }) => policyAndBinding(`${NAME}-${suffix}`, spec)),
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

function webhookService() {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: namespaced(WEBHOOK),
    spec: { selector, ports: [{ name: 'webhook', port: 443, targetPort: 'webhook' }] },
  };
}

/** The operator adds the authority of its certificate. */
function webhookConfiguration() {
  const service = { name: WEBHOOK, namespace: NAMESPACE, path: REVIEW_PATH, port: 443 };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: WEBHOOK, labels },
    webhooks: [addonWebhook({ service })],
  };
}

/** Only told sooner what the reconciler says too: whatever is wrong with the webhook holds nobody up. */
export function addonWebhook(clientConfig: object) {
  return {
    name: 'influxaddons.influxaddon.dev',
    clientConfig,
    rules: [
      {
        apiGroups: ['influxaddon.dev'],
        apiVersions: ['v1alpha1'],
        operations: ['CREATE', 'UPDATE'],
        resources: ['influxaddons'],
        scope: 'Namespaced',
      },
    ],
    matchConditions: [
      {
        name: 'spec-changes',
        expression: 'oldObject == null || object.spec != oldObject.spec',
      },
      { name: 'not-ending', expression: '!has(object.metadata.deletionTimestamp)' },
    ],
    matchPolicy: 'Equivalent',
    failurePolicy: 'Ignore',
    sideEffects: 'None',
    timeoutSeconds: 5,
    admissionReviewVersions: ['v1'],
  };
}

function policyAndBinding(name: string, spec: object) {
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const metadata = { name, labels };
  return [
    { apiVersion, kind: 'ValidatingAdmissionPolicy', metadata, spec },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ];
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
                `--webhook-port=${WEBHOOK_PORT}`,
                `--webhook-name=${WEBHOOK}`,
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
                { name: 'webhook', containerPort: WEBHOOK_PORT },
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
