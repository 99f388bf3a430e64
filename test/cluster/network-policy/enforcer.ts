import { parseArgs } from 'node:util';
import type { Namespace, Pod } from 'kubernetes-types/core/v1.js';
import type { NetworkPolicy } from 'kubernetes-types/networking/v1.js';
import { readKubeconfig } from '../kubeconfig.ts';
import { run } from '../run-command.ts';
import { follow } from '../volumes/follow.ts';
import { compile, labelledOnly } from './compile.ts';
import { rulesetOf } from './ruleset.ts';

/**
 * A test double of a network plugin that enforces NetworkPolicies, for a bed of one node with IPv4. Runs in the node's
 * network namespace:
 *   node enforcer.ts --kubeconfig F [--labelled]
 * A policy that asks for what it cannot do ends it, and the bed with it.
 */
export async function enforce(kubeconfig: string, labelled: boolean, signal: AbortSignal): Promise<void> {
  const access = await readKubeconfig(kubeconfig);
  const policies = new Map<string, NetworkPolicy>();
  const pods = new Map<string, Pod>();
  const namespaces = new Map<string, Namespace>();
  const listed = new Set<string>();
  let changed = Promise.withResolvers<void>();
  const onChange = (what: string) => (): void => {
    listed.add(what);
    changed.resolve();
  };
  signal.addEventListener('abort', () => changed.resolve());
  const path = '/apis/networking.k8s.io/v1/networkpolicies';
  const following = [
    follow(access, path, policies, onChange('policies'), signal),
    follow(access, '/api/v1/pods', pods, onChange('pods'), signal),
    follow(access, '/api/v1/namespaces', namespaces, onChange('namespaces'), signal),
  ];
  let loaded = '';
  while (!signal.aborted) {
    await changed.promise;
    changed = Promise.withResolvers();
    if (listed.size < 3 || signal.aborted) continue;
    const state = {
      policies: [...policies.values()],
      pods: [...pods.values()],
      namespaces: [...namespaces.values()],
    };
    const ruleset = rulesetOf(compile(labelled ? labelledOnly(state) : state));
    if (ruleset === loaded) continue;
    await run('nft', ['-f', '-'], { input: ruleset });
    loaded = ruleset;
  }
  await Promise.all(following);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { kubeconfig: { type: 'string' }, labelled: { type: 'boolean', default: false } },
  });
  if (!values.kubeconfig) throw new Error('give --kubeconfig');
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop.abort());
  await enforce(values.kubeconfig, values.labelled, stop.signal);
}
