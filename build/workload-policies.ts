import { TASK_LABEL } from '../src/addon/world/names.ts';

const AS_BEFORE = "request.operation == 'CREATE' ? [] : [oldObject.spec.template.spec]";
const CONTAINERS = '(pod.?containers.orValue([]) + pod.?initContainers.orValue([]))';
const RAISED =
  '(container.?securityContext.?privileged.orValue(false) || ' +
  'size(container.?securityContext.?capabilities.?add.orValue([])) > 0)';

/**
 * Whoever may make workloads or Secrets can be any service account of the namespace, and have the node. What the operator
 * writes is no service account and has nothing of its node; an app that it restarts, or a template to which somebody
 * else added something, keeps what it had before.
 */
export function workloadPolicies(username: string) {
  return [
    { suffix: 'tenancy-jobs', spec: jobsOfTasks(username), binding: {} },
    { suffix: 'tenancy-workloads', spec: workloads(username), binding: {} },
    { suffix: 'tenancy-pods', spec: noPods(username), binding: {} },
    { suffix: 'tenancy-secrets', spec: noTokens(username), binding: {} },
  ];
}

/** Backups outlive their addon, so the rights on Jobs are not the tenant role's: they are on the operator's own, by label. */
function jobsOfTasks(username: string) {
  const { validations, ...rest } = podsOf('a Job');
  const job = "(request.operation == 'DELETE' ? oldObject : object)";
  const labelled = {
    expression: `'${TASK_LABEL}' in ${job}.metadata.?labels.orValue({})`,
    reason: 'Forbidden',
    message: `a Job that the operator makes or deletes has to carry the label ${TASK_LABEL}`,
  };
  return {
    ...byOperator(username, rule('batch', 'jobs', 'CREATE', 'UPDATE', 'DELETE')),
    ...rest,
    validations: [labelled, ...validations],
  };
}

function workloads(username: string) {
  const rules = [
    rule('apps', 'statefulsets', 'CREATE', 'UPDATE'),
    // The apps, whose templates it patches.
    rule('apps', 'deployments', 'UPDATE'),
    rule('apps', 'daemonsets', 'UPDATE'),
  ];
  return { ...byOperator(username, ...rules), ...podsOf('a workload') };
}

/** The right to make pods is for asking whether the next one would be taken. */
function noPods(username: string) {
  return {
    ...byOperator(username, rule('', 'pods', 'CREATE')),
    validations: [
      {
        expression: 'has(request.dryRun) && request.dryRun',
        reason: 'Forbidden',
        message: 'the operator makes no pod: it only asks, by dry run',
      },
    ],
  };
}

function noTokens(username: string) {
  return {
    ...byOperator(username, rule('', 'secrets', 'CREATE', 'UPDATE')),
    validations: [
      {
        expression: "object.?type.orValue('') != 'kubernetes.io/service-account-token'",
        reason: 'Forbidden',
        message: 'a Secret by the operator has no token of a service account',
      },
    ],
  };
}

/** What a pod template has that it did not have before. */
function podsOf(what: string) {
  const refused = (expression: string, message: string) => ({
    expression,
    reason: 'Forbidden',
    message: `${what} by the operator ${message}`,
  });
  const account = (pod: string) => `${pod}.?serviceAccountName.orValue('')`;
  const mounted = (pod: string) => `${pod}.?automountServiceAccountToken.orValue(true)`;
  const host = (field: string) =>
    `(!variables.pod.?${field}.orValue(false) || variables.before.exists(pod, pod.?${field}.orValue(false)))`;
  return {
    variables: [
      { name: 'before', expression: AS_BEFORE },
      {
        name: 'pod',
        expression: "(request.operation == 'DELETE' ? oldObject : object).spec.template.spec",
      },
      {
        name: 'added',
        expression:
          'variables.pod.?volumes.orValue([]).filter(volume, ' +
          '!variables.before.exists(pod, volume in pod.?volumes.orValue([])))',
      },
      {
        name: 'raised',
        expression: `[variables.pod].map(pod, ${CONTAINERS}.filter(container, ${RAISED}).map(container, container.name))[0]`,
      },
      {
        name: 'raisedBefore',
        expression: `variables.before.map(pod, ${CONTAINERS}.filter(container, ${RAISED}).map(container, container.name))`,
      },
    ],
    validations: [
      refused(
        `(${account('variables.pod')} in ['', 'default'] && !${mounted('variables.pod')}) || ` +
          `variables.before.exists(pod, ${account('pod')} == ${account('variables.pod')} && ` +
          `(!${mounted('variables.pod')} || ${mounted('pod')}))`,
        'is no service account',
      ),
      refused(
        `${['hostNetwork', 'hostPID', 'hostIPC'].map(host).join(' && ')} && !variables.added.exists(volume, has(volume.hostPath))`,
        'has nothing of its node',
      ),
      refused(
        '!variables.added.exists(volume, has(volume.projected) && ' +
          'volume.projected.?sources.orValue([]).exists(source, has(source.serviceAccountToken)))',
        'has no token of a service account',
      ),
      refused(
        'variables.raised.all(name, variables.raisedBefore.exists(names, name in names))',
        'has no container with more rights than any',
      ),
    ],
  };
}

function byOperator(username: string, ...resourceRules: object[]) {
  return {
    failurePolicy: 'Fail',
    matchConstraints: { resourceRules },
    matchConditions: [{ name: 'by-the-operator', expression: `request.userInfo.username == '${username}'` }],
  };
}

function rule(group: string, resource: string, ...operations: string[]) {
  return {
    apiGroups: [group],
    apiVersions: ['v1'],
    operations,
    resources: [resource],
    scope: 'Namespaced',
  };
}
