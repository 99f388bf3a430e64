import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { kubectl } from './binaries.ts';
import { busyboxImage, busyboxImageName } from './images/busybox.ts';
import { kubectlCache } from './kubeconfig.ts';
import type { Cluster } from './provider.ts';
import { run } from './run-command.ts';

/** What any cluster has to do before a test of the operator on it means anything. */
export function conformance(start: () => Promise<Cluster>): void {
  describe('a cluster', () => {
    const namespace = 'bed-conformance';
    const timeout = `--timeout=${PATIENCE_MS / 1000}s`;
    let cluster: Cluster;
    let command: string;
    const kube = (...args: string[]): Promise<string> =>
      run(command, ['--kubeconfig', cluster.kubeconfig, '--namespace', namespace, ...args], {
        env: kubectlCache(cluster.kubeconfig),
      });

    beforeAll(async () => {
      command = await kubectl();
      cluster = await start();
      await cluster.importImage?.(await busyboxImage());
      const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects(namespace) });
      await run(command, ['--kubeconfig', cluster.kubeconfig, 'apply', '-f', '-'], {
        input,
        env: kubectlCache(cluster.kubeconfig),
      });
    });

    afterAll(async () => {
      // Of somebody else's cluster nothing but the namespace is ours to remove.
      if (cluster?.native === undefined && cluster !== undefined) {
        await run(command, [
          '--kubeconfig',
          cluster.kubeconfig,
          'delete',
          'namespace',
          namespace,
          '--ignore-not-found',
        ]);
      }
      await cluster?.stop();
    });

    test('has only Ready nodes', async () => {
      const path = '{range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}';
      const states = (await kube('get', 'nodes', '-o', `jsonpath=${path}`)).trim().split('\n');
      expect(states.length).toBeGreaterThan(0);
      expect(new Set(states)).toEqual(new Set(['True']));
    });

    test('runs a pod until its probe says that it is ready', async () => {
      await kube('wait', 'pod/web', 'pod/client', '--for=condition=Ready', timeout);
      expect(await kube('get', 'pod', 'web', '-o', 'jsonpath={.status.containerStatuses[0].ready}')).toBe(
        'true',
      );
    });

    test('gives a pod the log and the exit code of what runs in it', async () => {
      expect(await kube('logs', 'web')).toContain('web starts');
      expect(await kube('exec', 'client', '--', 'sh', '-c', 'echo from inside')).toBe('from inside\n');
      await expect(kube('exec', 'client', '--', 'sh', '-c', 'exit 7')).rejects.toThrow(/exit code 7/);
    });

    test('resolves a Service by its name, and answers a wrong name with an error', async () => {
      const ip = await kube('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
      const name = `web.${namespace}.svc.cluster.local`;
      expect(await lookUp(name)).toContain(ip);
      await expect(lookUp(`nothing.${namespace}.svc.cluster.local`)).rejects.toThrow(/NXDOMAIN/);
    });

    test('lets a pod reach a Service by its name and by its address', async () => {
      const ip = await kube('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
      for (const host of ['web', `web.${namespace}.svc.cluster.local`, ip]) {
        expect(await fetchInPod('client', host)).toBe('hello\n');
      }
    });

    test('lets a pod reach itself through its Service', async () => {
      // By its full name: the short one is in the pod's own /etc/hosts.
      expect(await fetchInPod('web', `web.${namespace}.svc.cluster.local`)).toBe('hello\n');
    });

    test('lets a pod reach the API server by its Service', async () => {
      const script = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | /bin/busybox nc kubernetes.default.svc 443";
      // Plain HTTP on purpose, as few builds of busybox speak TLS: the refusal shows who is at the other end.
      expect(await kube('exec', 'client', '--', 'sh', '-c', script)).toContain('HTTPS server');
    });

    test('starts a deleted pod of a StatefulSet again under its name', async () => {
      await kube('rollout', 'status', 'statefulset/set', timeout);
      const uid = (): Promise<string> => kube('get', 'pod', 'set-0', '-o', 'jsonpath={.metadata.uid}');
      const before = await uid();
      await kube('delete', 'pod', 'set-0', '--wait');
      await kube('rollout', 'status', 'statefulset/set', timeout);
      expect(await uid()).not.toBe(before);
    });

    const lookUp = (name: string): Promise<string> =>
      kube('exec', 'client', '--', '/bin/busybox', 'nslookup', name);
    const fetchInPod = (pod: string, host: string): Promise<string> =>
      kube('exec', pod, '--', 'wget', '-q', '-O', '-', `http://${host}/`);
  });
}

/** An HTTP GET from the process of the test. */
export function fetchHere(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = get(url, { timeout: 5000 }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve(text));
    });
    sent.on('timeout', () => sent.destroy(new Error(`${url}: no answer within 5 s`)));
    sent.on('error', reject);
  });
}

/** A web server in a pod and behind a Service, a pod to look around from, and a StatefulSet, in a namespace. */
export function objects(namespace: string): object[] {
  const metadata = (name: string): object => ({ name, namespace, labels: { app: name } });
  const serve = 'echo web starts; echo hello > /tmp/index.html; exec /bin/busybox httpd -f -p 8080 -h /tmp';
  const wait = 'trap "exit 0" TERM; while :; do sleep 3600 & wait $!; done';
  const container = (script: string): object => ({
    name: 'main',
    image: busyboxImageName,
    command: ['sh', '-c', script],
  });
  const port = { containerPort: 8080 };
  const readinessProbe = { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 };
  const terminationGracePeriodSeconds = 1;
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata('web'),
      spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: metadata('web'),
      spec: {
        terminationGracePeriodSeconds,
        containers: [{ ...container(serve), ports: [port], readinessProbe }],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: metadata('client'),
      spec: { terminationGracePeriodSeconds, containers: [container(wait)] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: metadata('set'),
      spec: {
        replicas: 1,
        serviceName: 'set',
        selector: { matchLabels: { app: 'set' } },
        template: {
          metadata: { labels: { app: 'set' } },
          spec: { terminationGracePeriodSeconds, containers: [container(wait)] },
        },
      },
    },
  ];
}
