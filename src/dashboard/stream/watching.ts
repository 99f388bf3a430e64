import { ApiError } from '../../kube/api/api-error.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject } from '../../kube/objects/types.ts';
import { Reflector } from '../../kube/store/reflector.ts';
import { Store } from '../../kube/store/store.ts';
import type { Visitor } from '../visitor.ts';

export interface Watching<T extends KubeObject> {
  readonly store: Store<T>;
  /** Why it cannot be listed or watched now, in words; undefined while it can. */
  trouble(): string | undefined;
}

export interface What<T extends KubeObject> {
  readonly kind: Kind<T>;
  /** Empty: all namespaces. */
  readonly namespace: string;
  readonly fieldSelector?: string;
}

/** Watches a kind for one visitor until the signal is aborted; `changed` is called after each change of anything. */
export function watching<T extends KubeObject>(
  { client }: Visitor,
  { kind, namespace, fieldSelector }: What<T>,
  changed: (key?: string) => void,
  signal: AbortSignal,
): Watching<T> {
  const store = new Store<T>();
  let trouble: string | undefined;
  const become = (words: string | undefined): void => {
    if (words === trouble) return;
    trouble = words;
    changed();
  };
  store.onChange(({ key }) => changed(key));
  const reflector = new Reflector({
    client,
    kind,
    store,
    ...(namespace === '' ? {} : { namespace }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    metrics: {
      listed: () => {
        become(undefined);
        changed();
      },
      heard: () => become(undefined),
      ended: (plural, reason) => become(wordsOf(plural, reason, namespace)),
    },
  });
  void reflector.run(signal);
  return { store, trouble: () => trouble };
}

/** A watch ends by itself every few minutes, and a moment without the server is nothing to tell. */
function wordsOf(plural: string, reason: string, namespace: string): string | undefined {
  if (['Ended', 'Silent', 'Expired', 'Gone', 'Aborted'].includes(reason)) return undefined;
  const where = namespace === '' ? 'all namespaces' : `the namespace ${namespace}`;
  if (reason === 'Forbidden') return `you may not list and watch ${plural} in ${where}`;
  if (reason === 'NotFound')
    return `this cluster has no ${plural}: the operator's definitions are not installed`;
  if (reason === 'Unauthorized') return 'the API server does not accept your credentials';
  return `${plural} cannot be watched now (${reason}); what is shown may be old`;
}

/** What is in the way of a request, in the words of the server. */
export function reasonOf(error: unknown): string {
  return ApiError.from(error).message.replace(/^[A-Z]+ \/\S+: /, '');
}
