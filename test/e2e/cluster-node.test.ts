import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { waitFor } from '../cluster/bed-api.ts';
import { bedDir, readBed } from '../cluster/bed.ts';
import { kubectl } from '../cluster/binaries.ts';
import { conformance, fetchHere, objects } from '../cluster/conformance.ts';
import { busyboxImage } from '../cluster/images/busybox.ts';
import { leftovers, type Traces, tracesOf } from '../cluster/leftovers.ts';
import { type Node, startNode } from '../cluster/node.ts';
import { startCluster } from '../cluster/provider.ts';
import { run } from '../cluster/run-command.ts';
import { sweepDeadBeds } from '../cluster/teardown.ts';

conformance(() => startCluster());

describe('a node of this machine', () => {
  test('leaves nothing behind when it is stopped, with a pod and a volume in use', async () => {
    await using node = await startNode();
    const traces = await useEverything(node);
    const before = await leftovers(traces);
    // The same look that is expected to find nothing afterwards finds each kind now.
    for (const kind of ['process', 'loop', 'link', 'route', 'cgroup', 'folder']) {
      expect(before.filter((line) => line.startsWith(kind))).not.toEqual([]);
    }
    await node.stop();
    expect(await leftovers(traces)).toEqual([]);
  });

  test('leaves nothing behind when its owner is killed', async () => {
    const owner = await nodeOfAnotherProcess('killed-owner');
    process.kill(owner.pid, 'SIGKILL');
    await waitFor('the caretaker', async () => (await leftovers(owner.traces)).length === 0, {
      timeoutMs: 20_000,
    });
  });

  test('is swept by the next start when its owner and its caretaker are killed', async () => {
    const owner = await nodeOfAnotherProcess('killed-both');
    process.kill(await caretakerOf('killed-both'), 'SIGKILL');
    process.kill(owner.pid, 'SIGKILL');
    await once(owner.child, 'exit');
    // The kernel has ended its processes; the rest waits for somebody to come by.
    expect(await leftovers(owner.traces)).toContainEqual(expect.stringMatching(/^folder/));
    expect(await sweepDeadBeds()).toContain('killed-both');
    expect(await leftovers(owner.traces)).toEqual([]);
  });

  test('fails loudly, with the end of its log, when a component dies', async () => {
    const failed = Promise.withResolvers<Error>();
    await using node = await startNode({ onFailure: failed.resolve });
    await node.runInside('sh', [
      '-c',
      'kill -9 $(cat /proc/[0-9]*/stat | grep "(containerd)" | head -n 1 | cut -d " " -f 1)',
    ]);
    const error = await failed.promise;
    expect(error.message).toMatch(/^containerd ended/);
    expect(error.message).toContain('last lines of containerd.log');
    expect(node.failure.aborted).toBe(true);
  });

  test('is not disturbed by another one that starts, runs the same pods and ends', async () => {
    const [one, two] = await Promise.all([startNode(), startNode()]);
    onTestFinished(() => Promise.all([one.stop(), two.stop()]).then(() => {}));
    await Promise.all([runPods(one), runPods(two)]);
    const traces = await tracesOf((await readBed(one.name))!);
    const [ipOne, ipTwo] = [await podIP(one), await podIP(two)];
    expect(await fetchHere(`http://${ipOne}:8080/`)).toBe('hello\n');
    expect(await fetchHere(`http://${ipTwo}:8080/`)).toBe('hello\n');
    expect(ipOne).not.toBe(ipTwo);
    await one.stop();
    expect(await leftovers(traces)).toEqual([]);
    expect(await fetchHere(`http://${ipTwo}:8080/`)).toBe('hello\n');
    const restarts = '{.items[*].status.containerStatuses[*].restartCount}';
    expect(await kube(two, 'get', 'pods', '-n', namespace, '-o', `jsonpath=${restarts}`)).toBe('0 0 0');
  });
});

const namespace = 'bed-pods';

async function kube(node: { kubeconfig: string }, ...args: string[]): Promise<string> {
  return run(await kubectl(), ['--kubeconfig', node.kubeconfig, ...args]);
}

async function apply(node: { kubeconfig: string }, items: object[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await run(await kubectl(), ['--kubeconfig', node.kubeconfig, 'apply', '-f', '-'], { input });
}

async function runPods(node: Node): Promise<void> {
  await node.importImage(await busyboxImage());
  await apply(node, objects(namespace));
  await kube(node, 'rollout', 'status', 'statefulset/set', '-n', namespace, '--timeout=60s');
  await kube(
    node,
    'wait',
    'pod/web',
    'pod/client',
    '-n',
    namespace,
    '--for=condition=Ready',
    '--timeout=60s',
  );
}

async function podIP(node: Node): Promise<string> {
  return kube(node, 'get', 'pod', 'web', '-n', namespace, '-o', 'jsonpath={.status.podIP}');
}

/** Pods, a mounted volume of the default class, and what the kernel then has to take back. */
async function useEverything(node: Node): Promise<Traces> {
  await runPods(node);
  const [, , , client] = objects(namespace) as [
    object,
    object,
    object,
    { metadata: object; spec: { containers: [object] } },
  ];
  const metadata = { name: 'data', namespace };
  const requests = { storage: '32Mi' };
  await apply(node, [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata,
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests } },
    },
    {
      ...client,
      metadata,
      spec: {
        ...client.spec,
        containers: [{ ...client.spec.containers[0], volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
      },
    },
  ]);
  await kube(node, 'wait', 'pod/data', '-n', namespace, '--for=condition=Ready', '--timeout=60s');
  return tracesOf((await readBed(node.name))!);
}

/** A node with a claim in use whose owner is a process that may be killed. */
async function nodeOfAnotherProcess(
  name: string,
): Promise<{ pid: number; child: ReturnType<typeof spawn>; traces: Traces }> {
  const cli = join(import.meta.dirname, '..', 'cluster', 'cli.ts');
  const child = spawn(process.execPath, [cli, 'serve', '--name', name], { stdio: 'inherit' });
  onTestFinished(() => void child.kill('SIGKILL'));
  let ended = false;
  child.once('exit', () => (ended = true));
  const state = await waitFor(
    `bed ${name}`,
    async () => {
      if (ended) throw new Error('its owner ended');
      const bed = existsSync(bedDir(name)) ? await readBed(name) : undefined;
      return bed?.server !== undefined && bed;
    },
    { timeoutMs: 60_000 },
  );
  return { pid: state.owner.pid, child, traces: await tracesOf(state) };
}

async function caretakerOf(name: string): Promise<number> {
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (args.includes('influxaddon-caretaker') && args.includes(name)) return Number(pid);
  }
  throw new Error(`bed ${name} has no caretaker`);
}
