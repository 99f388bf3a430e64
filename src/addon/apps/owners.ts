import type { Container } from 'kubernetes-types/core/v1.js';
import type { Live } from '../../kube/objects/types.ts';
import type { OwnedEntries } from '../world/memory.ts';
import { keyOf, MANAGED_BY } from '../world/names.ts';
import type { Workload, World } from '../world/world.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const LISTS = ['containers', 'initContainers'] as const;

/** A variable of a container, as text. */
export function entryOf(container: string, variable: string): string {
  return `${container}/${variable}`;
}

/**
 * The variables in a workload that somebody else than the operator wrote, whatever they refer to. Field managers tell
 * of them, and what `kubectl apply` keeps of a manifest: applied from the client, an entry that is there already is
 * nothing to be written, and the operator stays its only manager.
 */
export function entriesOfOthers({ metadata }: Live<Workload>): string[] {
  const managed = (metadata.managedFields ?? [])
    .filter(({ manager, subresource }) => manager !== MANAGED_BY && !subresource)
    .flatMap(({ fieldsV1 }) => entriesInFields(fieldsV1));
  return [...new Set([...managed, ...entriesInManifest(metadata.annotations?.[LAST_APPLIED])])];
}

/** Of one app, as they were found for the very state that is looked at; undefined when they have to be asked for. */
export function knownEntries(
  { memory }: Pick<World, 'memory'>,
  app: { readonly kind: string; readonly name: string },
  workload: Live<Workload> | undefined,
): readonly string[] | undefined {
  const known: OwnedEntries | undefined = memory.ownedEntries?.get(keyOf(app));
  const { uid, resourceVersion } = workload?.metadata ?? {};
  return known?.uid === uid && known?.resourceVersion === resourceVersion ? known?.entries : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

function entriesInFields(fields: unknown): string[] {
  const spec = ['f:spec', 'f:template', 'f:spec'].reduce<unknown>(
    (at, key) => (at as Fields | undefined)?.[key],
    fields,
  ) as Fields | undefined;
  return LISTS.flatMap((list) =>
    named(spec?.[`f:${list}`]).flatMap(([container, at]) =>
      named((at as Fields)['f:env']).map(([variable]) => entryOf(container, variable)),
    ),
  );
}

/** The items of a list whose key is `name`: `k:{"name":"web"}`. */
function named(fields: unknown): [string, unknown][] {
  return Object.entries((fields ?? {}) as Fields).flatMap(([key, at]): [string, unknown][] => {
    if (!key.startsWith('k:')) return [];
    const { name } = JSON.parse(key.slice(2)) as { name?: string };
    return name === undefined ? [] : [[name, at]];
  });
}

function entriesInManifest(text: string | undefined): string[] {
  if (text === undefined) return [];
  try {
    const { spec } = JSON.parse(text) as { spec?: Workload['spec'] };
    const lists = LISTS.map((list): Container[] => spec?.template?.spec?.[list] ?? []);
    return lists.flat().flatMap(({ name, env = [] }) => env.map((variable) => entryOf(name, variable.name)));
  } catch {
    return []; // an edited annotation tells nothing
  }
}
