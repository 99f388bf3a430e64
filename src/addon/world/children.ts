import type {
  Secret,
  Service,
  PersistentVolumeClaim,
  StatefulSet,
  NetworkPolicy,
} from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';

/** The children as they are. */
export interface Children {
  readonly adminSecret: Live<Secret> | undefined;
  /** The content of an admin Secret while that is made again. */
  readonly adminCopy: Live<Secret> | undefined;
  readonly urlSecret: Live<Secret> | undefined;
  readonly bindingSecret: Live<Secret> | undefined;
  readonly claim: Live<PersistentVolumeClaim> | undefined;
  readonly service: Live<Service> | undefined;
  readonly statefulSet: Live<StatefulSet> | undefined;
  readonly networkPolicy: Live<NetworkPolicy> | undefined;
  readonly tlsSecret: Live<Secret> | undefined;
  /** The certificates of the agent and of the Jobs that speak to it. */
  readonly agentSecret: Live<Secret> | undefined;
  /** The way in from outside the cluster. */
  readonly externalService: Live<Service> | undefined;
}
