import { expect, test } from 'vitest';
import { ENFORCED } from '../../cluster/network-policy/compile.ts';
import { exhaustive } from '../../size.ts';
import type { OperatorNode } from '../operator-node.ts';
import type { Space } from '../space.ts';

const APP = 'my-app';
/** Nobody but the policy keeps anybody from it. */
const OTHER_PORT = 9999;

type Visitor = 'bound' | 'named' | 'neighbour' | 'foreign';

/** `spec.access` as pods find it, on a node that enforces policies. */
export function policyCases(on: () => OperatorNode): void {
  test('Namespace, Bound and Open let in whom they say, to the one port, and always the operator', async () => {
    const space = await on().space('access', ENFORCED);
    const elsewhere = await on().space('access-elsewhere');
    const visitors: [Visitor, Space, Record<string, string>][] = [
      ['bound', space, { app: 'web' }],
      ['named', space, { role: 'dashboard' }],
      ['neighbour', space, {}],
      ['foreign', elsewhere, { app: 'web', role: 'dashboard' }],
    ];
    await space.kube.apply(deployment(space));
    for (const [name, where, labels] of visitors) await space.kube.apply(visitor(where, name, labels));
    await space.ready(APP, { apps: [{ name: 'web' }] });
    const { spec } = await space.must<{ spec: { clusterIP: string } }>('services', `${APP}-influx`);
    // Somebody listens on another port of the pod, so that a refusal is the policy's.
    await space.shell(APP, `echo > /tmp/ping; busybox httpd -p ${OTHER_PORT} -h /tmp`);

    const reached = async (address: string): Promise<Visitor[]> => {
      const answers = await Promise.all(
        visitors.map(async ([name, where]) => ((await connects(where, name, address)) ? [name] : [])),
      );
      return answers.flat();
    };
    const expectReached = async (what: string, wanted: Visitor[]) => {
      const same = async () =>
        JSON.stringify(await reached(`${spec.clusterIP}:8086`)) === JSON.stringify(wanted);
      await space.until(`${what}: ${wanted.join(', ')}`, same);
    };
    const podAddress = async () => (await space.pod(APP)).status.podIP ?? '';

    const { uid } = (await space.pod(APP)).metadata;
    await expectReached('Namespace', ['bound', 'named', 'neighbour']);
    expect(await reached(`${await podAddress()}:${OTHER_PORT}`)).toEqual([]);

    const from = [{ podSelector: { matchLabels: { role: 'dashboard' } } }];
    await space.edit(APP, { access: { policy: 'Bound', from } });
    await expectReached('Bound', ['bound', 'named']);
    expect(await reached(`${await podAddress()}:${OTHER_PORT}`)).toEqual([]);

    await space.edit(APP, { access: { policy: 'Open', from: null } });
    await expectReached('Open', ['bound', 'named', 'neighbour', 'foreign']);
    // It was the policy all the time.
    const open = async () => (await reached(`${await podAddress()}:${OTHER_PORT}`)).length > 0;
    await space.until('the other port, where there is no policy', open);
    expect((await space.pod(APP)).metadata.uid).toBe(uid);

    // Under the narrowest the operator still asks the database: of a new pod it knows nothing before.
    await space.edit(APP, { access: { policy: 'Bound', from: null }, apps: [] });
    await expectReached('Bound to nobody', []);
    if (exhaustive) {
      await space.delete('pods', `${APP}-influx-0`);
      await space.nextPod(APP, uid);
    }
    await space.edit(APP, { plan: 'tiny-plus' });
    await space.status(APP, 'Ready');
    expect((await space.addon(APP)).status?.plan).toBe('tiny-plus');
    await expectReached('Bound to nobody', []);
  });
}

async function connects(space: Space, pod: string, address: string): Promise<boolean> {
  const wget = ['wget', '-q', '-O', '-', `http://${address}/ping`];
  try {
    await space.kube.run(['exec', '-n', space.namespace, pod, '--', ...wget]);
    return true;
  } catch (error) {
    // What is not allowed is said by the router; anything else would be another fault.
    if (/No route to host|Connection refused/.test(String(error))) return false;
    throw error;
  }
}

const RESTRICTED = { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } };
const SLEEPER = {
  name: 'main',
  image: 'busybox:1.36.1',
  command: ['sleep', '100000'],
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
};
const POD_SPEC = { terminationGracePeriodSeconds: 0, securityContext: RESTRICTED, containers: [SLEEPER] };

function visitor({ namespace }: Space, name: string, labels: Record<string, string>): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels }, spec: POD_SPEC };
}

/** Says which pods are those of the app; it has none of its own. */
function deployment({ namespace }: Space): object {
  const labels = { app: 'web' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: POD_SPEC },
    },
  };
}
