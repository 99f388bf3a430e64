import { InfluxPlan, InfluxVersion } from '../../src/api/kinds.ts';
import { makeStores, sourcesOf } from '../../src/addon/observe/stores.ts';
import { type Kind, pathOf, RoleBinding } from '../../src/kube/objects/kinds.ts';
import type { ApiRequest, Transport } from '../../src/kube/api/transport.ts';
import type { KubeObject } from '../../src/kube/objects/types.ts';

/** On an entry of the catalogue: the one namespace whose confined operator sees it. Others see those without it. */
export const ONLY_LABEL = 'test/only';

/** Lists and watches of all namespaces, as the operator asks for them, each with its kind. */
const wide = new Map(
  [...sourcesOf(makeStores()).map(({ kind }) => kind), RoleBinding as Kind<KubeObject>]
    .filter((kind) => kind.namespaced)
    .map((kind) => [pathOf(kind), kind]),
);
const catalogue = new Set([InfluxPlan, InfluxVersion].map((kind) => pathOf<KubeObject>(kind)));

/**
 * Shows an operator one namespace as if there were no other: what it lists and watches everywhere, it lists and
 * watches there. Operators of different namespaces then run side by side, and what one does costs the others nothing.
 */
export function scoped(inner: Transport, namespace: string): Transport {
  const narrow = (request: ApiRequest): ApiRequest => {
    const kind = request.method === 'GET' ? wide.get(request.path) : undefined;
    return kind === undefined ? request : { ...request, path: pathOf(kind, { namespace }) };
  };
  const isSeen = (object: KubeObject): boolean =>
    [undefined, namespace].includes(object.metadata?.labels?.[ONLY_LABEL]);
  return {
    async request(request) {
      const answer = await inner.request(narrow(request));
      if (request.method !== 'GET' || !catalogue.has(request.path)) return answer;
      const list = answer as { items: KubeObject[] };
      return { ...list, items: list.items.filter(isSeen) };
    },
    async *watch(request) {
      for await (const event of inner.watch(narrow(request)))
        if (!catalogue.has(request.path) || event.type === 'ERROR' || isSeen(event.object as KubeObject))
          yield event;
    },
    close: () => inner.close(),
  };
}
