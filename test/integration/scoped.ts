import { makeStores, sourcesOf } from '../../src/addon/stores.ts';
import { pathOf } from '../../src/kube/kinds.ts';
import type { ApiRequest, Transport } from '../../src/kube/transport.ts';

/** Lists and watches of all namespaces, as the operator asks for them, each with its kind. */
const wide = new Map(
  sourcesOf(makeStores())
    .filter(({ kind }) => kind.namespaced)
    .map(({ kind }) => [pathOf(kind, {}), kind]),
);

/**
 * Shows an operator one namespace as if there were no other: what it lists and watches everywhere, it lists and
 * watches there. Operators of different namespaces then run side by side, and what one does costs the others nothing.
 */
export function scoped(inner: Transport, namespace: string): Transport {
  const narrow = (request: ApiRequest): ApiRequest => {
    const kind = request.method === 'GET' ? wide.get(request.path) : undefined;
    return kind === undefined ? request : { ...request, path: pathOf(kind, { namespace }) };
  };
  return {
    request: (request) => inner.request(narrow(request)),
    watch: (request) => inner.watch(narrow(request)),
    close: () => inner.close(),
  };
}
