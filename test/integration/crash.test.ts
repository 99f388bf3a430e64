import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { Pod } from '../../src/kube/objects/kinds.ts';
import { eventually } from './children.ts';
import { queryThroughUrl } from './database.ts';
import { OPERATOR_NAMESPACE, OPERATOR_USER, type OperatorBed, TENANCY_FLAGS } from './operator-bed.ts';
import { withOperatorBed } from './with-bed.ts';

let bed: OperatorBed;
withOperatorBed((started) => {
  bed = started;
});

describe('the real process is killed', () => {
  const phases = ['Pending', 'Initialised', 'Running'] as const;
  test.for(phases)('by SIGKILL while the pod is %s: the next one finishes', async (phase) => {
    const namespace = await bed.namespace(`sigkill-${phase.toLowerCase()}`);
    const kubeconfig = await bed.plane.userKubeconfig(OPERATOR_USER);
    // Held there for as long as the first one lives.
    const release = bed.kubelet.rule({
      match: (pod) => pod.metadata.namespace === namespace,
      behave: 'NeverReady',
    });
    await using first = new Process(kubeconfig);
    await bed.addon(namespace, 'my-app');
    await eventually(`a pod that is ${phase}`, async () => await hasCome(namespace, phase));
    expect(await first.end('SIGKILL')).toBeNull();
    release();
    await using second = new Process(kubeconfig);
    await bed.ready(namespace, 'my-app');
    expect((await queryThroughUrl(bed, namespace, 'my-app', 'SHOW DATABASES')).status).toBe(200);
    expect(await second.end('SIGTERM')).toBe(0);
  });

  async function hasCome(namespace: string, phase: (typeof phases)[number]): Promise<boolean> {
    const pod = await bed.client.get(Pod, { namespace, name: 'my-app-influx-0' });
    const initialised = pod?.status?.conditions?.some(
      ({ type, status }) => type === 'Initialized' && status === 'True',
    );
    if (phase === 'Initialised') return initialised === true;
    return pod !== undefined && (phase === 'Pending' || pod.status?.phase === 'Running');
  }
});

/** The operator's process; it goes with the test. */
class Process implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;

  constructor(kubeconfig: string) {
    const flags = [
      ...TENANCY_FLAGS,
      `--kubeconfig=${kubeconfig}`,
      // The next one has the same identity, so it takes the Lease at once, however long it is.
      '--pod-name=operator-0',
      `--pod-namespace=${OPERATOR_NAMESPACE}`,
      '--health-port=0',
      '--metrics-port=0',
      '--webhook-port=0',
    ];
    this.#child = spawn(process.execPath, ['src/main.ts', 'operator', ...flags], { stdio: 'ignore' });
    this.#ended = once(this.#child, 'exit');
  }

  /** @returns its exit code, null when the signal ended it */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<unknown> {
    this.#child.kill(signal);
    const [code] = await this.#ended;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }
}
