import type { Right } from '../../build/rights.ts';
import type { Transport } from '../../src/kube/api/transport.ts';

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
/** Asked of some resources only, and by the API server alone. */
const SPECIAL: readonly string[] = ['bind', 'escalate', 'impersonate', 'approve', 'sign', 'attest', 'use'];
const AT_ONCE = 32;

interface ResourceList {
  groupVersion: string;
  resources: { name: string }[];
}

/** Everything that can be asked of this API server: each verb on each resource that it serves, whoever may do it. */
export async function everyRight(admin: Transport): Promise<Right[]> {
  const groups = (await admin.request({ method: 'GET', path: '/apis' })) as {
    groups: { name: string; preferredVersion: { groupVersion: string } }[];
  };
  const paths = ['/api/v1', ...groups.groups.map((each) => `/apis/${each.preferredVersion.groupVersion}`)];
  const lists = await Promise.all(
    paths.map(async (path) => (await admin.request({ method: 'GET', path })) as ResourceList),
  );
  return lists.flatMap(({ groupVersion, resources }) => {
    const [first = '', version] = groupVersion.split('/');
    const group = version === undefined ? '' : first;
    return resources.flatMap(({ name }) =>
      [...VERBS, ...SPECIAL].map((verb) => ({ group, resource: name, verb, names: [] })),
    );
  });
}

/** Those of the rights that the API server would grant the user in a namespace. */
export async function granted(
  admin: Transport,
  user: { name: string; groups: string[] },
  namespace: string,
  rights: readonly Right[],
): Promise<Right[]> {
  const found: Right[] = [];
  const left = rights.values();
  const worker = async (): Promise<void> => {
    for (const right of left) if (await mayUse(admin, user, namespace, right)) found.push(right);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return found;
}

async function mayUse(
  admin: Transport,
  user: { name: string; groups: string[] },
  namespace: string,
  { group, resource: path, verb, names }: Right,
): Promise<boolean> {
  const [resource, subresource] = path.split('/');
  const [name] = names;
  const asked = {
    namespace,
    verb,
    group,
    resource,
    ...(subresource && { subresource }),
    ...(name && { name }),
  };
  const review = (await admin.request({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: { spec: { user: user.name, groups: user.groups, resourceAttributes: asked } },
  })) as { status: { allowed: boolean } };
  return review.status.allowed;
}
