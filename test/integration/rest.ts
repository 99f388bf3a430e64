import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { sourcesOf } from '../../src/addon/stores.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { compareVersions } from '../../src/kube/resource-version.ts';
import { PATIENCE_MS } from '../patience.ts';
import type { OperatorBed } from './operator-bed.ts';
import type { RunningOperator } from './running-operator.ts';

/**
 * Waits until an addon is at rest: the operator sees everything as the API server has it, and two more looks at the
 * addon write nothing and find nothing changed. Says what goes on where it never is: that is a fight.
 */
export async function atRest(bed: OperatorBed, namespace: string, name: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  let last: string[] = [];
  for (let quiet = 0; quiet < 2; ) {
    if (performance.now() > end)
      throw new Error(`${namespace}/${name} is not at rest after ${PATIENCE_MS} ms: ${last.join(', ')}`);
    const since = Date.now();
    const before = await caughtUp(bed, namespace);
    for (const { operator, idle } of operatorsOf(bed, namespace)) {
      operator.queue.add(`${namespace}/${name}`);
      await idle();
    }
    const after = await caughtUp(bed, namespace);
    const wrote = await bed.writes(namespace, since);
    if (wrote.length > 0) last = wrote;
    quiet = wrote.length === 0 && isDeepStrictEqual(before, after) ? quiet + 1 : 0;
  }
}

/** Versions of all that operators watch in a namespace, once each of them has seen these. */
async function caughtUp(bed: OperatorBed, namespace: string): Promise<Record<string, string>> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const versions: Record<string, string> = {};
    const behind: string[] = [];
    for (const running of operatorsOf(bed, namespace))
      for (const each of await lag(bed.client, running, namespace)) {
        versions[each.key] = each.version;
        if (each.behind) behind.push(each.key);
      }
    if (behind.length === 0) return versions;
    if (performance.now() > end)
      throw new Error(`the operator has not seen what is in ${namespace}: ${behind.join(', ')}`);
    await delay(10);
  }
}

async function lag(client: KubeClient, { operator }: RunningOperator, namespace: string) {
  const sources = sourcesOf(operator.stores).filter(
    ({ kind, ownObject }) => kind.namespaced && ownObject === undefined,
  );
  const found = await Promise.all(
    sources.map(async ({ kind, store, labelSelector }) => {
      const selector = labelSelector === undefined ? {} : { labelSelector };
      const { items } = await client.list(kind, { namespace, ...selector });
      const live = new Map(items.map((item) => [`${namespace}/${item.metadata.name}`, item.metadata]));
      const gone = [...store.list()]
        .filter(({ metadata }) => metadata.namespace === namespace)
        .map(({ metadata }) => `${namespace}/${metadata.name}`)
        .filter((key) => !live.has(key));
      return [
        ...[...live].map(([key, { resourceVersion: version }]) => {
          const known = store.get(key)?.metadata.resourceVersion;
          return {
            key: `${kind.kind} ${key}`,
            version,
            behind: known === undefined || compareVersions(version, known) > 0,
          };
        }),
        ...gone.map((key) => ({ key: `${kind.kind} ${key}`, version: 'gone', behind: true })),
      ];
    }),
  );
  return found.flat();
}

function operatorsOf(bed: OperatorBed, namespace: string): RunningOperator[] {
  const found = [...bed.running].filter(({ only }) => only === undefined || only === namespace);
  if (found.length === 0) throw new Error(`no operator that sees ${namespace} is running`);
  return found;
}
