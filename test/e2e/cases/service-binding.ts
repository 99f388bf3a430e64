import { expect, test } from 'vitest';
import { exhaustive, pick } from '../../size.ts';
import type { OperatorNode } from '../operator-node.ts';
import type { Space } from '../space.ts';

const ROOT = '/bindings';

/**
 * What a workload does by the Service Binding specification: it looks below SERVICE_BINDING_ROOT for a folder whose
 * `type` it knows, and connects with nothing but what is in it.
 */
const SCRIPT = `set -eu
for binding in "$SERVICE_BINDING_ROOT"/*; do
  [ "$(cat "$binding/type")" = influxdb ] || continue
  entry() { cat "$binding/$1"; }
  export INFLUX_USERNAME="$(entry username)" INFLUX_PASSWORD="$(entry password)"
  scheme=http flags=
  if [ -e "$binding/ca.crt" ]; then scheme=https flags=-ssl; export SSL_CERT_FILE="$binding/ca.crt"; fi
  client="influx $flags -host $(entry host) -port $(entry port) -database $(entry database) -format csv"
  $client -execute 'INSERT bound n=1i'
  $client -execute 'SELECT COUNT(n) FROM bound'
  uri="$scheme://$INFLUX_USERNAME:$INFLUX_PASSWORD@$(entry host):$(entry port)/$(entry database)"
  [ "$(entry uri)" = "$uri" ] && echo "uri agrees"
  echo "provider $(entry provider)"
  echo "entries $(ls "$binding" | tr '\\n' ' ')"
done
echo "done"
`;

/** The binding Secret, as a controller of service bindings mounts it. */
export function serviceBindingCases(on: () => OperatorNode): void {
  const how = pick('without TLS', 'without and with TLS');
  test(`a pod connects with nothing but the mounted binding, ${how}`, async () => {
    const space = await on().space('service-binding');
    await space.create('my-app', {});
    await space.status('my-app', 'Ready');
    // What a ServiceBinding that names the addon is resolved to.
    const { binding } = (await space.addon('my-app')).status ?? {};
    const secret = await space.must<{ type: string }>('secrets', binding?.name ?? '');
    expect(secret.type).toBe('servicebinding.io/influxdb');

    const plain = await outputOf(space, 'plain', binding?.name ?? '');
    expect(plain).toContain('bound,0,1\nuri agrees\nprovider influxaddon.dev\n');
    expect(plain).toContain('entries database host password port provider type uri username \ndone');

    if (!exhaustive) return;
    await space.edit('my-app', { tls: { mode: 'Required' } });
    await space.status('my-app', 'Ready');
    const secure = await outputOf(space, 'secure', binding?.name ?? '');
    expect(secure).toMatch(/bound,0,2\nuri agrees\n/);
    expect(secure).toContain('entries ca.crt database host password port provider type uri username \ndone');
  });
}

async function outputOf(space: Space, name: string, secret: string): Promise<string> {
  await space.kube.apply(client(space.namespace, name, secret));
  await space.until(`the end of ${name}`, async () => {
    const { status } = await space.must<{ status: { phase?: string } }>('pods', name);
    return status.phase === 'Succeeded' || status.phase === 'Failed';
  });
  return space.kube.run(['logs', '-n', space.namespace, name]);
}

function client(namespace: string, name: string, secretName: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name },
    spec: {
      restartPolicy: 'Never',
      securityContext: { runAsNonRoot: true, runAsUser: 1500, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'client',
          image: 'influxdb:1.8.10',
          command: ['sh', '-c', SCRIPT],
          env: [
            { name: 'SERVICE_BINDING_ROOT', value: ROOT },
            { name: 'HOME', value: '/tmp' },
          ],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          volumeMounts: [{ name: 'binding', mountPath: `${ROOT}/database`, readOnly: true }],
        },
      ],
      volumes: [{ name: 'binding', secret: { secretName } }],
    },
  };
}
