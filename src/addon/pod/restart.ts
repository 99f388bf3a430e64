import type { Action } from '../decision/action.ts';
import type { World } from '../world/world.ts';
import * as kinds from '../../kube/objects/kinds.ts';

/** The next start of the pod heals what is wrong. */
export function restartPod(world: World, why: string): Action {
  const { name, namespace, uid, resourceVersion } = world.pod?.metadata ?? {
    name: '',
    uid: '',
    resourceVersion: '',
  };
  return {
    do: 'delete',
    kind: kinds.Pod,
    key: { name, namespace: namespace ?? '' },
    uid,
    resourceVersion,
    why,
  };
}
