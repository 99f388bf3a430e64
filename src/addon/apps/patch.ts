import * as kinds from '../../kube/objects/kinds.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { AppStatus } from '../../api/influx-addon.ts';
import type { FindOwnersAction, PatchAction } from '../decision/action.ts';
import { type ContainerPatch, type Survey, injectedNames } from './variables.ts';
import { entryOf } from './owners.ts';
import { type AppWish } from './wish.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import { type Workload, type World } from '../world/world.ts';
import type { Container } from 'kubernetes-types/core/v1.js';

const KINDS: Readonly<Record<AppWish['kind'], Kind<KubeObject>>> = {
  Deployment: kinds.Deployment,
  StatefulSet: kinds.StatefulSet,
  DaemonSet: kinds.DaemonSet,
};

/** The patch that takes injected variables out of a workload again; undefined when there are none. */
export function unbindPatch(
  app: Pick<AppWish, 'secretName' | 'kept'>,
  workload: Live<Workload> | undefined,
): object | undefined {
  if (workload === undefined || workload.metadata.deletionTimestamp !== undefined) return undefined;
  const remove = (containers: Container[] | undefined): ContainerPatch[] =>
    (containers ?? []).flatMap((container) => {
      const env = injectedNames(container, app.secretName)
        .filter((name) => !app.kept?.includes(entryOf(container.name, name)))
        .map((name) => ({ name, $patch: 'delete' as const }));
      return env.length === 0 ? [] : [{ name: container.name, env }];
    });
  const spec = workload.spec?.template.spec;
  const containers = remove(spec?.containers);
  const initContainers = remove(spec?.initContainers);
  if (containers.length + initContainers.length === 0) return undefined;
  return patchOf(workload, { containers, initContainers }, undefined);
}

export function patchOf(
  workload: Live<Workload>,
  variables: Pick<Survey, 'containers' | 'initContainers'>,
  annotations: Record<string, string> | undefined,
): object {
  const { uid, resourceVersion } = workload.metadata;
  const spec = {
    ...(variables.containers.length > 0 ? { containers: variables.containers } : {}),
    ...(variables.initContainers.length > 0 ? { initContainers: variables.initContainers } : {}),
  };
  const template = {
    ...(annotations === undefined ? {} : { metadata: { annotations } }),
    ...(Object.keys(spec).length > 0 ? { spec } : {}),
  };
  return { metadata: { uid, resourceVersion }, spec: { template } };
}

/** Who wrote its variables, before some are taken out. */
export function ownersOf(
  { addon }: Pick<World, 'addon'>,
  { kind, name }: { readonly kind: string; readonly name: string },
): FindOwnersAction {
  const key = { namespace: addon.metadata.namespace ?? '', name };
  return { do: 'findOwners', kind: KINDS[kind as AppWish['kind']], key };
}

/** The write of a patch. */
export function appPatch(
  world: Pick<World, 'addon'>,
  app: { readonly kind: string; readonly name: string },
  { patch, entry }: { patch: object | undefined; entry?: AppStatus | undefined },
  why: string,
): PatchAction {
  return {
    do: 'patch',
    kind: KINDS[app.kind as AppWish['kind']],
    key: { namespace: world.addon.metadata.namespace ?? '', name: app.name },
    type: 'strategic',
    body: patch ?? {},
    why,
    ...(entry === undefined ? {} : { entry }),
  };
}
