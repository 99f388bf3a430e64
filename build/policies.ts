import { ADDON_LABEL, TASK_LABEL } from '../src/addon/world/names.ts';
import type { Operation } from '../src/backup/protocol.ts';
import { workloadPolicies } from './workload-policies.ts';

/** A ValidatingAdmissionPolicy and its binding share their name: that of the installation and this suffix. */
export interface Policy {
  readonly suffix: string;
  readonly spec: object;
}

/** With what its binding says beside the name. */
export interface TenancyPolicy extends Policy {
  readonly binding: object;
}

/** Apps that somebody without rights on all of a kind may add at once: see mayPatchApps. */
const MAX_BY_NAME = 16;
const RESOURCES = { Deployment: 'deployments', StatefulSet: 'statefulsets', DaemonSet: 'daemonsets' };

/** What the API server checks by itself, also when no operator runs. */
export const policies: readonly Policy[] = [
  { suffix: 'deletion-protection', spec: deletionProtection() },
  { suffix: 'apps', spec: mayPatchApps() },
];

/**
 * Hold the operator to its word: the role that it may bind goes to itself and to nobody else, and only into a namespace
 * in which somebody made an addon. Two policies, because a policy whose parameters are missing refuses before its
 * matchConditions are looked at, and so for everybody: only labelled objects may ever come to the one with parameters,
 * and the other sees to it that the operator labels what it makes.
 */
export function tenancyPolicies(namespace: string, account: string, tenantRole: string): TenancyPolicy[] {
  const username = `system:serviceaccount:${namespace}:${account}`;
  const role = (object: string) =>
    `${object}.roleRef.kind == 'ClusterRole' && ${object}.roleRef.name == '${tenantRole}'`;
  const itself = {
    failurePolicy: 'Fail',
    matchConstraints: { resourceRules: [roleBindings('CREATE', 'UPDATE', 'DELETE')] },
    matchConditions: [{ name: 'by-the-operator', expression: `request.userInfo.username == '${username}'` }],
    validations: [
      {
        expression: `request.operation == 'DELETE' ? (${role('oldObject')}) : (${role('object')})`,
        reason: 'Forbidden',
        message: `the operator may bind the ClusterRole ${tenantRole} and no other`,
      },
      {
        expression:
          "request.operation == 'DELETE' || (has(object.subjects) && size(object.subjects) == 1 && " +
          `object.subjects.all(subject, subject.kind == 'ServiceAccount' && subject.name == '${account}' && ` +
          `subject.?namespace.orValue('') == '${namespace}'))`,
        reason: 'Forbidden',
        message: 'the operator may bind its role to itself only',
      },
      {
        expression: `request.operation == 'DELETE' || '${ADDON_LABEL}' in object.metadata.?labels.orValue({})`,
        reason: 'Forbidden',
        message: `a binding by the operator has to carry the label ${ADDON_LABEL}`,
      },
    ],
  };
  const whereAddonsAre = {
    failurePolicy: 'Fail',
    paramKind: { apiVersion: 'influxaddon.dev/v1alpha1', kind: 'InfluxAddon' },
    matchConstraints: {
      objectSelector: { matchExpressions: [{ key: ADDON_LABEL, operator: 'Exists' }] },
      resourceRules: [roleBindings('CREATE')],
    },
    // An addon that is there is all that is asked for.
    validations: [{ expression: 'params.metadata.namespace == object.metadata.namespace' }],
  };
  // A copy of a database from elsewhere has no store, and fills the volume of an addon.
  const whereCopiesGo = {
    ...whereAddonsAre,
    matchConstraints: {
      objectSelector: { matchLabels: { [TASK_LABEL]: COPY } },
      resourceRules: [jobs('CREATE')],
    },
  };
  return [
    { suffix: 'tenancy', spec: itself, binding: {} },
    {
      suffix: 'tenancy-addons',
      spec: whereAddonsAre,
      binding: { paramRef: { selector: {}, parameterNotFoundAction: 'Deny' } },
    },
    ...workloadPolicies(username),
    {
      suffix: 'tenancy-stores',
      spec: whereStoresAre(),
      binding: { paramRef: { selector: {}, parameterNotFoundAction: 'Deny' } },
    },
    {
      suffix: 'tenancy-copies',
      spec: whereCopiesGo,
      binding: { paramRef: { selector: {}, parameterNotFoundAction: 'Deny' } },
    },
  ];
}

/** The one operation without a store. */
const COPY: Operation = 'copy';

/** A Job can read any Secret of its namespace: only where somebody made a store or, for copies, an addon. */
function whereStoresAre() {
  return {
    failurePolicy: 'Fail',
    paramKind: { apiVersion: 'influxaddon.dev/v1alpha1', kind: 'InfluxBackupStore' },
    matchConstraints: {
      objectSelector: {
        matchExpressions: [
          { key: TASK_LABEL, operator: 'Exists' },
          { key: TASK_LABEL, operator: 'NotIn', values: [COPY] },
        ],
      },
      resourceRules: [jobs('CREATE')],
    },
    // A store that is there is all that is asked for.
    validations: [{ expression: 'params.metadata.namespace == object.metadata.namespace' }],
  };
}

function jobs(...operations: string[]) {
  return { apiGroups: ['batch'], apiVersions: ['v1'], operations, resources: ['jobs'], scope: 'Namespaced' };
}

function roleBindings(...operations: string[]) {
  return {
    apiGroups: ['rbac.authorization.k8s.io'],
    apiVersions: ['v1'],
    operations,
    resources: ['rolebindings'],
    scope: 'Namespaced',
  };
}

/**
 * `spec.deletionProtection`, which never holds up the end of a namespace. A spec that the operator has refused does not
 * take away the protection of the last accepted one; one that it has not seen does, or nobody could without an operator.
 */
function deletionProtection() {
  return {
    failurePolicy: 'Fail',
    matchConstraints: { resourceRules: [addons('DELETE')] },
    matchConditions: [
      {
        name: 'protected',
        expression:
          "oldObject.spec.?deletionProtection.orValue('Disabled') == 'Enabled' || " +
          "(oldObject.?status.?accepted.?deletionProtection.orValue('Disabled') == 'Enabled' && " +
          'oldObject.status.?observedGeneration.orValue(-1) == oldObject.metadata.generation && ' +
          "oldObject.status.?conditions.orValue([]).exists(each, each.type == 'Stalled' && each.status == 'True'))",
      },
      { name: 'not-ending-already', expression: '!has(oldObject.metadata.deletionTimestamp)' },
      {
        name: 'not-the-namespace-controller',
        expression: "request.userInfo.username != 'system:serviceaccount:kube-system:namespace-controller'",
      },
    ],
    validations: [
      {
        // Here and not among the conditions above, which are not told the namespace.
        expression: 'has(namespaceObject.metadata.deletionTimestamp)',
        reason: 'Forbidden',
        message: 'spec.deletionProtection is Enabled',
        messageExpression:
          "'spec.deletionProtection of ' + oldObject.metadata.name + " +
          "(oldObject.spec.?deletionProtection.orValue('Disabled') == 'Enabled' ? '' : ', in the last spec that was accepted,') + " +
          "' is Enabled; set it to Disabled, then delete: kubectl patch influxaddon ' + oldObject.metadata.name + ' -n ' + oldObject.metadata.namespace + ' --type=merge -p \\'{\"spec\":{\"deletionProtection\":\"Disabled\"}}\\''",
      },
    ],
  };
}

/**
 * Naming an app in an addon restarts it and may put variables into it, done by the operator: so whoever names it has to
 * be allowed to patch it. A check costs 350,000 of the 1,000,000 units that one expression and of the 10,000,000 that
 * one policy may use, so apps are not checked in a loop: three checks find out who may patch all workloads of a kind,
 * and for others each app is looked at by its name, in an expression of its own. Messages have no authorizer, not even
 * through a variable, so an expression is about one app by its place among those that are new.
 */
function mayPatchApps() {
  const all = Object.entries(RESOURCES).map(([kind, resource]) => ({
    name: `all${kind}s`,
    expression:
      `!variables.named.exists(app, app.?kind.orValue('Deployment') == '${kind}') || ` +
      `authorizer.group('apps').resource('${resource}').namespace(request.namespace).check('patch').allowed()`,
  }));
  return {
    failurePolicy: 'Fail',
    matchConstraints: { resourceRules: [addons('CREATE', 'UPDATE')] },
    matchConditions: [
      { name: 'names-apps', expression: 'has(object.spec.apps) && size(object.spec.apps) > 0' },
      {
        name: 'apps-change',
        expression:
          'oldObject == null || !has(oldObject.spec.apps) || object.spec.apps != oldObject.spec.apps',
      },
      { name: 'not-ending', expression: '!has(object.metadata.deletionTimestamp)' },
    ],
    variables: [
      {
        name: 'named',
        expression:
          'object.spec.apps.filter(app, oldObject == null || !has(oldObject.spec.apps) || !oldObject.spec.apps.exists(old, old == app))',
      },
      {
        name: 'resources',
        expression: `variables.named.map(app, {${Object.entries(RESOURCES)
          .map(([kind, resource]) => `'${kind}': '${resource}'`)
          .join(', ')}}[app.?kind.orValue('Deployment')])`,
      },
      ...all,
    ],
    validations: [
      {
        expression: `size(variables.named) <= ${MAX_BY_NAME} || (${all.map(({ name }) => `variables.${name}`).join(' && ')})`,
        reason: 'Forbidden',
        message: `spec.apps: without the right to patch all workloads of their kinds in the namespace, at most ${MAX_BY_NAME} apps may be added at once`,
      },
      ...Array.from({ length: MAX_BY_NAME }, (_, index) => mayPatch(index)),
    ],
  };
}

function mayPatch(index: number) {
  const name = `variables.named[${index}].name`;
  const resource = `variables.resources[${index}]`;
  const covered = Object.entries(RESOURCES)
    .map(([kind, plural]) => `(${resource} == '${plural}' && variables.all${kind}s)`)
    .join(' || ');
  return {
    expression:
      `size(variables.named) <= ${index} || size(variables.named) > ${MAX_BY_NAME} || ${covered} || ` +
      `authorizer.group('apps').resource(${resource}).namespace(request.namespace).name(${name}).check('patch').allowed()`,
    reason: 'Forbidden',
    message: 'spec.apps: an app may only be named by somebody who may patch it',
    messageExpression: `'spec.apps: ' + request.userInfo.username + ' may not patch ' + ${resource} + '.apps "' + ${name} + '" in namespace ' + request.namespace + ', which an addon that names it restarts; that right is needed: verb patch'`,
  };
}

function addons(...operations: string[]) {
  return {
    apiGroups: ['influxaddon.dev'],
    apiVersions: ['v1alpha1'],
    operations,
    resources: ['influxaddons'],
    scope: 'Namespaced',
  };
}
