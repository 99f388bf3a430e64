import { REVIEW_PATH } from '../src/admission/app.ts';
import { policies, tenancyPolicies } from './policies.ts';
import {
  bindRules,
  clusterRules,
  editRules,
  lockRules,
  namespaceRules,
  readRules,
  scopedRules,
  type PolicyRule,
  serviceBindingRules,
  TENANT_SUFFIX,
  tenantRules,
  viewRules,
  webhookRules,
} from './rbac.ts';

const NAME = 'influxaddon-operator';
/** Where the plain manifests put the operator. */
export const NAMESPACE = 'influxaddon-system';
const METRICS_PORT = 8080;
const HEALTH_PORT = 8081;
const WEBHOOK_PORT = 9443;
const WEBHOOK = `${NAME}-webhook`;
const LOCK = `${NAME}-lock`;
/** Where all installations for the whole cluster see each other. */
const LOCK_NAMESPACE = 'kube-system';
const TENANT = `${NAME}-${TENANT_SUFFIX}`;

const selector = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/instance': NAME };
const labels = { ...selector, 'app.kubernetes.io/part-of': 'influxaddon' };

export interface InstallationOptions {
  /** Default 1. More are spread over nodes, and drained one at a time. */
  readonly replicas?: number;
  /** The one namespace whose addons it operates, with rights there only; default: all. */
  readonly watchNamespace?: string;
}

/** The operator as plain manifests, in the order of installation. The chart renders the same for the same choices. */
export function operatorManifests(version: string, options: InstallationOptions = {}): object[] {
  const { replicas = 1, watchNamespace } = options;
  return [
    namespace(),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: namespaced(NAME) },
    ...(watchNamespace === undefined ? rightsEverywhere() : rightsIn(watchNamespace)),
    clusterRole(`${NAME}-edit`, editRules, ['admin', 'edit']),
    clusterRole(`${NAME}-view`, viewRules, ['admin', 'edit', 'view']),
    serviceBindingRole(),
    clusterRoleBinding(),
    role(NAME, NAMESPACE, namespaceRules),
    roleBinding(NAME, NAMESPACE),
    metricsService(),
    webhookService(),
    deployment(version, options),
    ...(replicas > 1 ? [disruptionBudget()] : []),
    webhookConfiguration(watchNamespace),
    ...(watchNamespace === undefined ? tenancyPolicies(NAMESPACE, NAME, TENANT) : []).flatMap(
      ({ suffix, spec, binding }) => policyAndBinding(`${NAME}-${suffix}`, spec, binding),
    ),
    ...policies.flatMap(({ suffix, spec }) => policyAndBinding(`${NAME}-${suffix}`, spec)),
  ];
}

function rightsEverywhere(): object[] {
  return [
    clusterRole(NAME, [...clusterRules, ...bindRules(TENANT), ...webhookRules(WEBHOOK)]),
    clusterRole(TENANT, tenantRules),
    role(LOCK, LOCK_NAMESPACE, lockRules),
    roleBinding(LOCK, LOCK_NAMESPACE),
  ];
}

function rightsIn(watched: string): object[] {
  const name = `${NAME}-watched`;
  return [
    clusterRole(NAME, [...readRules, ...webhookRules(WEBHOOK)]),
    role(name, watched, scopedRules),
    roleBinding(name, watched),
  ];
}

function clusterRoleBinding() {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: NAME, labels },
    ...binds('ClusterRole', NAME),
  };
}

function role(name: string, where: string, rules: readonly PolicyRule[]) {
  const metadata = { name, namespace: where, labels };
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata, rules };
}

function roleBinding(name: string, where: string) {
  const metadata = { name, namespace: where, labels };
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata,
    ...binds('Role', name),
  };
}

function disruptionBudget() {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: namespaced(NAME),
    spec: { maxUnavailable: 1, selector: { matchLabels: selector } },
  };
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

/** By this label a controller of service bindings takes the rules into its own role. */
function serviceBindingRole() {
  const role = clusterRole(`${NAME}-service-binding`, serviceBindingRules);
  const labelled = { ...role.metadata.labels, 'servicebinding.io/controller': 'true' };
  return { ...role, metadata: { ...role.metadata, labels: labelled } };
}

function binds(kind: 'ClusterRole' | 'Role', name: string) {
  return {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
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
function webhookConfiguration(watchNamespace: string | undefined) {
  const service = { name: WEBHOOK, namespace: NAMESPACE, path: REVIEW_PATH, port: 443 };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: WEBHOOK, labels },
    webhooks: [{ ...addonWebhook({ service }), ...within(watchNamespace) }],
  };
}

/** An operator of one namespace judges nothing of another. */
function within(watchNamespace: string | undefined) {
  if (watchNamespace === undefined) return {};
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': watchNamespace } } };
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

function policyAndBinding(name: string, spec: object, binding: object = {}) {
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const metadata = { name, labels };
  return [
    { apiVersion, kind: 'ValidatingAdmissionPolicy', metadata, spec },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: name, ...binding, validationActions: ['Deny'] },
    },
  ];
}

/** Replicas on different nodes, where there are enough. */
function spread() {
  const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: selector } };
  return {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }],
    },
  };
}

function deployment(version: string, { replicas = 1, watchNamespace }: InstallationOptions) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: namespaced(NAME),
    spec: {
      replicas,
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
                `--installation=${NAME}`,
                `--lock-namespace=${LOCK_NAMESPACE}`,
                watchNamespace === undefined
                  ? `--tenant-role=${TENANT}`
                  : `--watch-namespace=${watchNamespace}`,
                // What the Jobs of backups run: the same image.
                `--job-image=influxaddon-operator:${version}`,
              ],
              env: [
                { name: 'INFLUXADDON_POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                {
                  name: 'INFLUXADDON_POD_NAMESPACE',
                  valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } },
                },
                {
                  name: 'INFLUXADDON_SERVICE_ACCOUNT',
                  valueFrom: { fieldRef: { fieldPath: 'spec.serviceAccountName' } },
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
          ...(replicas > 1 ? { affinity: spread() } : {}),
        },
      },
    },
  };
}
