import { join } from 'node:path';

/** Where a control plane listens: free loopback ports on the host, or fixed ones inside a node's network. */
export interface Placement {
  address: string;
  etcdPort: number;
  etcdPeerPort: number;
  apiserverPort: number;
  serviceCidr: string;
  /** With a node there is a network in which the address means something, a kubelet and a Service `kubernetes`. */
  node: boolean;
}

export interface Files {
  /** Folder of the control plane's own files. */
  dir: string;
  tokens: string;
  saKey: string;
  auditPolicy: string;
  auditLog: string;
}

export function etcdFlags(at: Placement, dataDir: string, fsync: boolean): string[] {
  const client = `http://127.0.0.1:${at.etcdPort}`;
  const peer = `http://127.0.0.1:${at.etcdPeerPort}`;
  return [
    '--name=bed',
    `--data-dir=${dataDir}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=bed=${peer}`,
    '--quota-backend-bytes=4294967296',
    '--log-level=warn',
    ...(fsync ? [] : ['--unsafe-no-fsync']),
  ];
}

export function apiserverFlags(at: Placement, files: Files, audit: boolean): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${at.etcdPort}`,
    `--bind-address=${at.address}`,
    `--advertise-address=${at.address}`,
    `--secure-port=${at.apiserverPort}`,
    `--service-cluster-ip-range=${at.serviceCidr}`,
    `--cert-dir=${certDir(files)}`,
    `--token-auth-file=${files.tokens}`,
    '--authorization-mode=Node,RBAC',
    // The second is off by default, and on in OpenShift: who names an owner has to hold rights on it.
    '--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-signing-key-file=${files.saKey}`,
    `--service-account-key-file=${files.saKey}`,
    '--allow-privileged=true',
    '--profiling=false',
    // The endpoints of the Service `kubernetes` may not be loopback addresses: nothing to publish without a node.
    ...(at.node ? ['--kubelet-preferred-address-types=InternalIP'] : ['--endpoint-reconciler-type=none']),
    ...(audit
      ? [
          `--audit-policy-file=${files.auditPolicy}`,
          `--audit-log-path=${files.auditLog}`,
          '--audit-log-maxsize=100000',
        ]
      : []),
  ];
}

/** What the API server's serving certificate is verified with. */
export function servingCa(files: Pick<Files, 'dir'>): string {
  return join(certDir(files), 'ca.crt');
}

/** Where the API server has its certificate and the key: it makes them when they are not there. */
export function servingPair(files: Pick<Files, 'dir'>): { cert: string; key: string } {
  return { cert: join(certDir(files), 'apiserver.crt'), key: join(certDir(files), 'apiserver.key') };
}

function certDir(files: Pick<Files, 'dir'>): string {
  return join(files.dir, 'certs');
}

export function controllerManagerFlags(files: Files, kubeconfig: string, controllers: string[]): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--controllers=${controllers.join(',')}`,
    `--service-account-private-key-file=${files.saKey}`,
    `--root-ca-file=${servingCa(files)}`,
    '--leader-elect=false',
    '--secure-port=0',
    // Tests make hundreds of objects at once; the default of 20 a second would be what they measure.
    '--kube-api-qps=1000',
    '--kube-api-burst=2000',
    '--concurrent-statefulset-syncs=20',
    // A volume and a claim that fit are bound at the next sync when their events came in an unlucky order.
    '--pvclaimbinder-sync-period=1s',
    '--resource-quota-sync-period=10s',
  ];
}

/** Everything that acts on what an operator makes, without what only a node needs. */
export const controlPlaneControllers = [
  'garbage-collector-controller',
  'statefulset-controller',
  'deployment-controller',
  'replicaset-controller',
  'daemonset-controller',
  'job-controller',
  'cronjob-controller',
  'namespace-controller',
  'resourcequota-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'persistentvolumeclaim-protection-controller',
  'persistentvolume-protection-controller',
  'persistentvolume-binder-controller',
  'disruption-controller',
  'root-ca-certificate-publisher-controller',
  'clusterrole-aggregation-controller',
  'ttl-after-finished-controller',
];

/** With a node there are endpoints, pods that outlive their node's records, and taints. */
export const nodeControllers = [
  ...controlPlaneControllers,
  'endpoints-controller',
  'endpointslice-controller',
  'node-lifecycle-controller',
  'taint-eviction-controller',
  'pod-garbage-collector-controller',
  'ephemeral-volume-controller',
];
