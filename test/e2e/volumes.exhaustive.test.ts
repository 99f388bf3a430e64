import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kubectl } from '../cluster/binaries.ts';
import type { Component } from '../cluster/component.ts';
import { influxImage } from '../cluster/images/influxdb.ts';
import { kubectlCache } from '../cluster/kubeconfig.ts';
import { startNode, type Node } from '../cluster/node.ts';
import { run } from '../cluster/run-command.ts';
import { PATIENCE_MS } from '../patience.ts';

/** Volumes as the operator's databases get them: a `local` volume under a pod that is not root. */
let node: Node;
let command: string;
let disks: string;
let provisioner: Component;

beforeAll(async () => {
  command = await kubectl();
  const image = await influxImage('1.6.7');
  // The provisioner is started here, so that it can be killed.
  node = await startNode({ volumes: false });
  disks = join(dirname(node.kubeconfig), 'node', 'test-volumes');
  await node.importImage(image);
  provisioner = await startProvisioner();
});

afterAll(() => node?.stop());

function startProvisioner(): Promise<Component> {
  const program = join(import.meta.dirname, '../cluster/volumes/provisioner.ts');
  const args = [program, '--kubeconfig', node.kubeconfig, '--dir', disks, '--node', node.nodeName];
  return node.spawnInside(process.execPath, args, 'provisioner');
}

const kube = (...args: string[]): Promise<string> =>
  run(command, ['--kubeconfig', node.kubeconfig, ...args], { env: kubectlCache(node.kubeconfig) });
const apply = (...objects: object[]): Promise<string> => {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  return run(command, ['--kubeconfig', node.kubeconfig, 'apply', '-f', '-'], {
    input: list,
    env: kubectlCache(node.kubeconfig),
  });
};
const shell = (pod: string, script: string): Promise<string> => kube('exec', pod, '--', 'sh', '-c', script);
const read = async (kind: string, name: string, path: string): Promise<string> =>
  kube('get', kind, name, '-o', `jsonpath={${path}}`);

const timeout = `--timeout=${PATIENCE_MS / 1000}s`;

async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await is())) {
    if (performance.now() > end) throw new Error(`${what}: not after ${PATIENCE_MS} ms`);
    await delay(200);
  }
}

function claim(name: string, size: string, storageClassName?: string): object {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOncePod'],
      resources: { requests: { storage: size } },
      ...(storageClassName ? { storageClassName } : {}),
    },
  };
}

function pod(name: string, claimName: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      securityContext: {
        runAsUser: 1500,
        runAsGroup: 1500,
        fsGroup: 1500,
        fsGroupChangePolicy: 'OnRootMismatch',
      },
      containers: [
        {
          name: 'main',
          image: 'influxdb:1.6.7',
          command: ['sh', '-c', 'sleep 100000'],
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
    },
  };
}

const megabytes = async (name: string): Promise<number> =>
  Number(await shell(name, "df -m /data | tail -n 1 | sed 's/^[^ ]* *\\([0-9]*\\).*/\\1/'"));

test('a volume belongs to the group of the pod, and its size is a limit', async () => {
  await apply(claim('limit', '64Mi'), pod('limit', 'limit'));
  await kube('wait', '--for=condition=Ready', 'pod/limit', timeout);

  expect((await shell('limit', 'stat -c "%g %a" /data')).trim()).toBe('1500 2775');
  expect(await read('pvc', 'limit', '.status.capacity.storage')).toBe('64Mi');
  expect(await megabytes('limit')).toBeLessThanOrEqual(64);
  const fill = shell('limit', 'dd if=/dev/zero of=/data/f bs=1M count=100');
  await expect(fill).rejects.toThrow('No space left on device');
});

test('a claim that asks for more grows under the running pod', async () => {
  await apply(claim('grow', '64Mi'), pod('grow', 'grow'));
  await kube('wait', '--for=condition=Ready', 'pod/grow', timeout);
  await shell('grow', 'echo kept > /data/kept');

  await apply(claim('grow', '256Mi'));
  await until(
    'the claim says 256Mi',
    async () => (await read('pvc', 'grow', '.status.capacity.storage')) === '256Mi',
  );
  await until('no condition is left', async () => (await read('pvc', 'grow', '.status.conditions')) === '');
  expect(await megabytes('grow')).toBeGreaterThan(200);
  await shell('grow', 'dd if=/dev/zero of=/data/f bs=1M count=200');
  expect(await shell('grow', 'cat /data/kept')).toBe('kept\n');
  expect(await read('pod', 'grow', '.status.containerStatuses[0].restartCount')).toBe('0');
});

test('a class without expansion refuses a larger size', async () => {
  await apply(claim('fixed', '64Mi', 'bed-fixed'), pod('fixed', 'fixed'));
  await kube('wait', '--for=condition=Ready', 'pod/fixed', timeout);
  await expect(apply(claim('fixed', '128Mi', 'bed-fixed'))).rejects.toThrow('storageclass');
});

test('a second pod does not get a ReadWriteOncePod volume while the first has it', async () => {
  await apply(claim('once', '32Mi'), pod('once-a', 'once'));
  await kube('wait', '--for=condition=Ready', 'pod/once-a', timeout);
  await apply(pod('once-b', 'once'));
  await until('the second pod is held back', async () =>
    (await read('pod', 'once-b', '.status.conditions[?(@.type=="PodScheduled")].message')).includes(
      'ReadWriteOncePod',
    ),
  );
  await kube('delete', 'pod', 'once-a', '--wait=true');
  await kube('wait', '--for=condition=Ready', 'pod/once-b', timeout);
});

test('a deleted claim takes its volume and its disk along', async () => {
  await apply(claim('gone', '32Mi'), pod('gone', 'gone'));
  await kube('wait', '--for=condition=Ready', 'pod/gone', timeout);
  const volume = await read('pvc', 'gone', '.spec.volumeName');
  const path = await read('pv', volume, '.spec.local.path');
  expect(existsSync(`${path}.img`)).toBe(true);

  await kube('delete', 'pod/gone', 'pvc/gone', '--wait=true');
  await until(
    'the volume is gone',
    async () => (await kube('get', 'pv', '-o', 'name')).includes(volume) === false,
  );
  expect(existsSync(`${path}.img`)).toBe(false);
  const devices = (): Promise<string> => run('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE']);
  await until('its loop device is free', async () => !(await devices()).includes(volume));
});

test('a provisioner that was killed goes on where it was, and removes the disks that nobody knows', async () => {
  await provisioner.stop();
  await writeFile(join(disks, 'pvc-forgotten.img.partial'), '');
  await apply(claim('crash', '32Mi'), pod('crash', 'crash'));
  for (const killAfterMs of [150, 250, 350]) {
    provisioner = await startProvisioner();
    await delay(killAfterMs);
    await provisioner.stop();
  }
  provisioner = await startProvisioner();
  await kube('wait', '--for=condition=Ready', 'pod/crash', timeout);
  expect(existsSync(join(disks, 'pvc-forgotten.img.partial'))).toBe(false);

  await apply(claim('crash', '128Mi'));
  await delay(20);
  await provisioner.stop();
  provisioner = await startProvisioner();
  await until(
    'the claim says 128Mi',
    async () => (await read('pvc', 'crash', '.status.capacity.storage')) === '128Mi',
  );
  await until('no condition is left', async () => (await read('pvc', 'crash', '.status.conditions')) === '');
  expect(await megabytes('crash')).toBeGreaterThan(100);
});
