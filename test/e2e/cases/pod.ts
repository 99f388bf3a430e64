import { expect, test } from 'vitest';
import { PATIENCE_MS } from '../../patience.ts';
import type { OperatorNode } from '../operator-node.ts';
import type { Space } from '../space.ts';

/** What the database's pod is, and who can reach it. */
export function podCases(on: () => OperatorNode): void {
  test('the pod runs under the restricted standard: no root, no writable image, no token', async () => {
    const space = await on().space('restricted');
    await space.ready('my-app');
    const { spec } = await space.pod('my-app');
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1500, fsGroup: 1500 });
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
      expect(container.securityContext).toMatchObject({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      });
    }
    // The container with the open port has no way to the administrator's password.
    const mounts = spec.containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name));
    expect(mounts).not.toContain('bootstrap');
    // And so it is inside.
    expect((await space.shell('my-app', 'id -u; id -g')).trim().split('\n')).toEqual(['1500', '1500']);
    await expect(space.shell('my-app', 'touch /usr/bin/x')).rejects.toThrow('Read-only file system');
    await expect(space.shell('my-app', 'ls /var/run/secrets/kubernetes.io')).rejects.toThrow('No such file');
    await expect(space.shell('my-app', 'ls /bootstrap')).rejects.toThrow('No such file');
  });

  test('the backup port answers nobody from outside the pod, while the database port does', async () => {
    const space = await on().space('ports');
    const database = await space.ready('my-app');
    const ip = (await space.pod('my-app')).status.podIP ?? '';
    await space.kube.apply(client(space));
    const from = ['exec', '-n', space.namespace, 'client', '--', 'wget', '-q', '-O', '-'];
    await space.kube.run([
      'wait',
      '-n',
      space.namespace,
      'pod/client',
      '--for=condition=Ready',
      `--timeout=${PATIENCE_MS / 1000}s`,
    ]);
    await space.kube.run([...from, `http://${ip}:8086/ping`]);
    await expect(space.kube.run([...from, `http://${ip}:8088/`])).rejects.toThrow('Connection refused');
    await expect(fetch(`http://${ip}:8088/`)).rejects.toThrow();
    expect((await database.asUser('SHOW MEASUREMENTS')).error).toBeUndefined();
    // Inside it is there: the refusal above is not that of a port that nobody has.
    const inside = await space.shell('my-app', 'cat /proc/net/tcp');
    expect(inside).toMatch(/0100007F:1F98 /);
  });
}

function client({ namespace }: Space): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'client', namespace },
    spec: {
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'client',
          image: 'busybox:1.36.1',
          command: ['sleep', '100000'],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}
