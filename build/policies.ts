/** A ValidatingAdmissionPolicy and its binding share their name: that of the installation and this suffix. */
export interface Policy {
  readonly suffix: string;
  readonly spec: object;
}

/** Apps that somebody without rights on all of a kind may add at once: see mayPatchApps. */
const MAX_BY_NAME = 16;
const RESOURCES = { Deployment: 'deployments', StatefulSet: 'statefulsets', DaemonSet: 'daemonsets' };

/** What the API server checks by itself, also when no operator runs. */
export const policies: readonly Policy[] = [
  { suffix: 'deletion-protection', spec: deletionProtection() },
  { suffix: 'apps', spec: mayPatchApps() },
];

/** `spec.deletionProtection`, which never holds up the end of a namespace. */
function deletionProtection() {
  return {
    failurePolicy: 'Fail',
    matchConstraints: { resourceRules: [addons('DELETE')] },
    matchConditions: [
      {
        name: 'protected',
        expression: "oldObject.spec.?deletionProtection.orValue('Disabled') == 'Enabled'",
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
          "'spec.deletionProtection of ' + oldObject.metadata.name + ' is Enabled; set it to Disabled, then delete: kubectl patch influxaddon ' + oldObject.metadata.name + ' -n ' + oldObject.metadata.namespace + ' --type=merge -p \\'{\"spec\":{\"deletionProtection\":\"Disabled\"}}\\''",
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
