import type { AuditCounts, AuditEntry, AuditFilter } from './audit.ts';
import { claimBed } from './bed.ts';
import { kubeBinary } from './binaries.ts';
import { leaveCaretaker } from './caretaker.ts';
import { endWithParent } from './component.ts';
import { freePorts } from './free-ports.ts';
import { NativeControlPlane } from './native-control-plane.ts';
import { sweepDeadBeds } from './teardown.ts';

export interface ControlPlaneOptions {
  /** Default: unique to this process. */
  name?: string;
  /** Whether etcd waits for the disk; off by default, on for benchmarks. */
  fsync?: boolean;
  /** Default true. */
  auditLog?: boolean;
  /** Keeps etcd's data and the logs in this folder after the end. Default: a folder that goes with the bed. */
  dir?: string;
  /** Controllers of the kube-controller-manager by name, instead of the usual ones. */
  controllers?: string[];
  /** Users beside `operator` and `writer` whose tokens exist from the start; others cost a restart of the API server. */
  users?: string[];
  /** Manifests (one parsed object each) of CustomResourceDefinitions made before the controllers start: the
   * garbage collector looks for new kinds every 30 s only. */
  crds?: { metadata: { name: string } }[];
  say?: (line: string) => void;
  /** Told when a component has died. Default: an uncaught error. */
  onFailure?: (error: Error) => void;
}

export interface ControlPlane extends AsyncDisposable {
  readonly name: string;
  readonly server: string;
  /** Path of a kubeconfig for a cluster administrator. */
  readonly kubeconfig: string;
  readonly auditLogPath?: string;
  /** Aborts, with the end of its log in the reason, when a component has died. */
  readonly failure: AbortSignal;
  /** Path of a kubeconfig for a user, made when it is not there. It may do nothing until RBAC says so. */
  userKubeconfig(name: string, groups?: string[]): Promise<string>;
  /** Path of a kubeconfig for an existing service account, by a TokenRequest of one hour. */
  serviceAccountKubeconfig(namespace: string, name: string): Promise<string>;
  /** The pids of its processes, by their names. */
  readonly pids: ReadonlyMap<string, number>;
  /** Requests up to now: all that were answered before this call are in. */
  auditEntries(filter?: AuditFilter): Promise<AuditEntry[]>;
  auditCounts(user: string, since?: number): Promise<AuditCounts>;
  /** Kills the API server (connections break as in a crash) and waits until a new one is ready at the same address. */
  restartApiserver(options?: { downMs?: number }): Promise<void>;
  stop(): Promise<void>;
}

let started = 0;

/** A name for a bed that nobody gave one. */
export function uniqueName(): string {
  started += 1;
  return `bed-${process.pid}-${started}`;
}

/** etcd, kube-apiserver and kube-controller-manager on loopback ports: real but for the missing node. No root needed. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const binary = await kubeBinary(options.say);
  await sweepDeadBeds();
  const bed = await claimBed(options.name ?? uniqueName(), 'control-plane');
  const dismiss = leaveCaretaker(bed.state.name);
  const [etcdPort = 0, etcdPeerPort = 0, apiserverPort = 0] = await freePorts(3);
  const at = {
    address: '127.0.0.1',
    etcdPort,
    etcdPeerPort,
    apiserverPort,
    serviceCidr: '10.96.0.0/16',
    node: false,
  };
  const plane = new NativeControlPlane({ bed, at, binary, options, launcher: endWithParent, dismiss });
  try {
    await plane.start();
    plane.supervisor.started();
    return plane;
  } catch (error) {
    await plane.stop();
    throw error;
  }
}
