import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeNetwork } from './node-network.ts';

/** Path of containerd's socket inside the node, whose /run is its own: short, as the limit is 107 characters. */
export const containerdSocket = '/run/containerd/containerd.sock';

export const clusterDomain = 'cluster.local';

export interface NodeFiles {
  /** Content by file name. */
  [name: string]: string;
}

/** The configuration files of everything that runs on a node but the control plane. */
export function nodeFiles(options: {
  dir: string;
  name: string;
  network: NodeNetwork;
  cgroup: string;
  sandboxImage: string;
  proxyKubeconfig: string;
  dnsKubeconfig: string;
  realBackOff: boolean;
}): NodeFiles {
  const { network } = options;
  return {
    'containerd.toml': containerdConfig(options.dir, options.sandboxImage),
    'cni/10-bed.conflist': JSON.stringify(cniConfig(options.dir, network)),
    'kubelet.json': JSON.stringify({
      ...kubeletConfig(options.dir, options.cgroup, network),
      ...(options.realBackOff ? {} : shortBackOff),
    }),
    'kube-proxy.json': JSON.stringify(proxyConfig(options.name, options.proxyKubeconfig)),
    'resolv.conf': `nameserver ${network.nodeIP}\n`,
    Corefile: [
      `${clusterDomain}:53 in-addr.arpa:53 {`,
      `  bind ${network.nodeIP}`,
      '  errors',
      `  kubernetes ${clusterDomain} in-addr.arpa {`,
      `    kubeconfig ${options.dnsKubeconfig}`,
      '    ttl 1',
      '  }',
      '}',
      '',
    ].join('\n'),
  };
}

function containerdConfig(dir: string, sandboxImage: string): string {
  const string = (text: string): string => JSON.stringify(text);
  return `version = 2
root = ${string(join(dir, 'containerd'))}
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
  address = ${string(containerdSocket)}
[plugins."io.containerd.internal.v1.opt"]
  path = ${string(join(dir, 'containerd-opt'))}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${string(sandboxImage)}
  # Lowering a score needs CAP_SYS_RESOURCE, which a root in a container may lack; runc gives up without it.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${string(cniPlugins())}
    conf_dir = ${string(join(dir, 'cni'))}
`;
}

/** Debian has the plugins in the first folder, most others in the second. */
function cniPlugins(): string {
  const found = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'].find((folder) =>
    existsSync(join(folder, 'ptp')),
  );
  if (found === undefined) throw new Error('no CNI plugins: install containernetworking-plugins');
  return found;
}

/**
 * Every pod gets a link of its own to the node, which routes. With the bridge plugin, the answer of a pod behind
 * a Service to a pod on the same bridge passes the address translation by unless br_netfilter is loaded.
 */
function cniConfig(dir: string, network: NodeNetwork): object {
  return {
    cniVersion: '0.4.0',
    name: 'bed',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: join(dir, 'cni-addresses'),
          ranges: [[{ subnet: network.podCidr }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

function kubeletConfig(dir: string, cgroup: string, network: NodeNetwork): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    // Reachable from this machine and the bed's own pods only.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    cgroupDriver: 'cgroupfs',
    // Two kubelets that share a root kill each other's pods as orphans.
    cgroupRoot: `/${cgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    // The machine's disk is not the bed's: no eviction, no image collection by its fullness.
    evictionHard: {},
    imageGCHighThresholdPercent: 100,
    maxPods: 250,
    oomScoreAdj: 0,
    clusterDNS: [network.nodeIP],
    clusterDomain,
    resolvConf: join(dir, 'resolv.conf'),
    podLogsDir: '/var/log/pods',
    serializeImagePulls: false,
    makeIPTablesUtilChains: false,
    kubeAPIQPS: 200,
    kubeAPIBurst: 400,
    eventRecordQPS: 0,
    logging: { verbosity: 1 },
  };
}

/**
 * A container that ends again and again is started again after a second, the least that the kubelet takes, rather
 * than after 10, 20, 40 and up to 300: what tests wait for is what the operator does meanwhile.
 */
const shortBackOff = {
  featureGates: { KubeletCrashLoopBackOffMax: true },
  crashLoopBackOff: { maxContainerRestartPeriod: '1s' },
};

function proxyConfig(name: string, kubeconfig: string): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    hostnameOverride: name,
    clientConnection: { kubeconfig },
    // These limits belong to the whole machine, not to a network namespace.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    nftables: { minSyncPeriod: '100ms', syncPeriod: '30s' },
    oomScoreAdj: 0,
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
  };
}
