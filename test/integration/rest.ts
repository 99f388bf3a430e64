import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { sourcesOf } from '../../src/addon/observe/stores.ts';
import type { KubeClient } from '../../src/kube/api/client.ts';
import { compareVersions } from '../../src/kube/objects/resource-version.ts';
import type { KubeObject, Live } from '../../src/kube/objects/types.ts';
import { PATIENCE_MS } from '../patience.ts';
import type { OperatorBed } from './operator-bed.ts';
import type { RunningOperator } from './running-operator.ts';

/**
 * Waits until an addon is at rest: the controllers have seen what was written to their objects, the operator sees
 * everything as the API server has it, and two more looks at the addon write nothing and find nothing changed. Says
 * what goes on where it never is: that is a fight.
 */
export async function atRest(
  bed: OperatorBed,
  namespace: string,
  name: string,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const end = performance.now() + patienceMs;
  const begun = Date.now();
  const late = async (unseen: readonly string[]): Promise<Error> => {
    const wrote = (await bed.writes(namespace, begun)).join(', ');
    const behind = unseen.length === 0 ? '' : `; not all have seen ${unseen.join(', ')}`;
    return new Error(`${namespace}/${name} is not at rest after ${patienceMs} ms: ${wrote}${behind}`);
  };
  let before = await caughtUp(bed, namespace, end, late);
  for (let quiet = 0; quiet < 2; ) {
    if (performance.now() > end) throw await late([]);
    const since = Date.now();
    for (const { operator, idle } of operatorsOf(bed, namespace)) {
      operator.queue.add(`${namespace}/${name}`);
      await idle();
    }
    const after = await caughtUp(bed, namespace, end, late);
    const wrote = await bed.writes(namespace, since);
    quiet = wrote.length === 0 && isDeepStrictEqual(before, after) ? quiet + 1 : 0;
    before = after;
  }
}

/** Versions of all that operators watch in a namespace, once each of them and the controllers have seen these. */
async function caughtUp(
  bed: OperatorBed,
  namespace: string,
  end: number,
  late: (unseen: readonly string[]) => Promise<Error>,
): Promise<Record<string, string>> {
  for (;;) {
    const versions: Record<string, string> = {};
    const behind: string[] = [];
    for (const running of operatorsOf(bed, namespace))
      for (const each of await lag(bed.client, running, namespace)) {
        versions[each.key] = each.version;
        if (each.behind) behind.push(each.key);
      }
    if (behind.length === 0) return versions;
    if (performance.now() > end) throw await late(behind);
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
      const live = new Map(items.map((item) => [`${namespace}/${item.metadata.name}`, item]));
      const gone = [...store.list()]
        .filter(({ metadata }) => metadata.namespace === namespace)
        .map(({ metadata }) => `${namespace}/${metadata.name}`)
        .filter((key) => !live.has(key));
      return [
        ...[...live].map(([key, item]) => {
          const version = item.metadata.resourceVersion;
          const known = store.get(key)?.metadata.resourceVersion;
          const unseen = known === undefined || compareVersions(version, known) > 0;
          return { key: `${kind.kind} ${key}`, version, behind: unseen || !isObserved(item) };
        }),
        ...gone.map((key) => ({ key: `${kind.kind} ${key}`, version: 'gone', behind: true })),
      ];
    }),
  );
  return found.flat();
}

/** Whether its controller has seen its present spec; what tells of none has been seen. */
function isObserved(item: Live<KubeObject>): boolean {
  const { status } = item as { status?: { observedGeneration?: number } };
  const { generation = 0 } = item.metadata;
  return (status?.observedGeneration ?? generation) >= generation;
}

function operatorsOf(bed: OperatorBed, namespace: string): RunningOperator[] {
  const found = [...bed.running].filter(({ only }) => only === undefined || only === namespace);
  if (found.length === 0) throw new Error(`no operator that sees ${namespace} is running`);
  return found;
}
