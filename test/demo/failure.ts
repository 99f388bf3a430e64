import { Kubectl } from './kubectl.ts';
import { OPERATOR } from './install.ts';
import type { Progress } from './progress.ts';

/** What a person would look at when it does not work: the addon, pods, events, the operator's log. No Secret is read. */
export async function reportFailure(progress: Progress, kubeconfig: string): Promise<void> {
  const kube = await Kubectl.of(kubeconfig);
  const questions = [
    ['get', 'influxaddons', '-A', '-o', 'custom-columns=NAME:.metadata.name,CONDITIONS:.status.conditions'],
    ['get', 'pods', '-A', '-o', 'wide'],
    ['get', 'events', '-A', '--sort-by=.lastTimestamp'],
    ['logs', '-n', OPERATOR.namespace, `deployment/${OPERATOR.name}`, '--tail=30'],
    ['logs', 'deployment/web', '--tail=10'],
  ];
  for (const args of questions) {
    const answer = await kube
      .run(args, { signal: AbortSignal.timeout(10_000) })
      .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    progress.show(`kubectl ${args.join(' ')}`, answer.trimEnd().split('\n').slice(-40).join('\n'));
  }
}
