import * as kinds from '../../kube/objects/kinds.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject } from '../../kube/objects/types.ts';
import { buildAdminSecret } from './admin-secret.ts';
import { buildBindingSecret } from './binding-secret.ts';
import { buildClaim } from './claim.ts';
import { buildExternalService } from './external-service.ts';
import type { BuildContext } from './context.ts';
import type { Children } from '../world/children.ts';
import { buildNetworkPolicy } from './network-policy.ts';
import { buildService } from './service.ts';
import { buildStatefulSet } from './stateful-set.ts';
import { buildUrlSecret } from './url-secret.ts';

export interface Child {
  readonly slot: keyof Children;
  readonly kind: Kind<KubeObject>;
  /** The object as it should be; undefined when it should not exist. */
  readonly build: (context: BuildContext) => KubeObject | undefined;
  /** What may let somebody in: done only when the API server itself says that the spec still is the one looked at. */
  readonly opens?: readonly ('create' | 'replace')[];
  /** What is made only when those before it are there, though nobody starts anything from them. */
  readonly behind?: true;
}

/**
 * Every child in the order in which they are made:
 * the admin Secret first, since id and passwords are made in it once and all others are derived from it;
 * the claim before anything that starts a pod, with the durable facts on it before the engine opens the data;
 * the Secrets and the Service that apps may be waiting for, the binding Secret only when the URL Secret is there: no app
 * stands on an addon whose URL is refused, and the last place in a quota is the URL's;
 * the network policy before there is a port to protect;
 * the StatefulSet when all that its pod mounts is there; the way in from outside last, behind all that guards it.
 */
export const CHILDREN: readonly Child[] = [
  { slot: 'adminSecret', kind: kinds.Secret, build: buildAdminSecret },
  { slot: 'claim', kind: kinds.PersistentVolumeClaim, build: buildClaim },
  { slot: 'urlSecret', kind: kinds.Secret, build: buildUrlSecret },
  { slot: 'bindingSecret', kind: kinds.Secret, build: buildBindingSecret, behind: true },
  { slot: 'service', kind: kinds.Service, build: buildService },
  { slot: 'networkPolicy', kind: kinds.NetworkPolicy, build: buildNetworkPolicy, opens: ['replace'] },
  { slot: 'statefulSet', kind: kinds.StatefulSet, build: buildStatefulSet },
  { slot: 'externalService', kind: kinds.Service, build: buildExternalService, opens: ['create', 'replace'] },
];
