import { AGENT_DIR, AGENT_FILES, AGENT_PORT } from '../../../backup/agent-files.ts';
import { type InForce } from '../../world/facts.ts';
import { AGENT_CONTAINER, childNames } from '../../world/names.ts';
import type { Container, Volume } from 'kubernetes-types/core/v1.js';

/**
 * Behind the engine in the list: the kubelet starts that one first. Resources of its own, since the plan's are the
 * engine's. No probes: what it is for takes a minute a day, and the pod must not be judged by it.
 */
export function agentContainer({ image }: NonNullable<InForce['agent']>): Container {
  return {
    name: AGENT_CONTAINER,
    image,
    imagePullPolicy: 'IfNotPresent',
    // It copies bytes and computes nothing: without the compiler Node holds less memory.
    command: ['/usr/bin/node', '--max-semi-space-size=1', '--single-threaded', '--jitless', '/app/main.js'],
    args: ['agent'],
    ports: [{ name: 'agent', containerPort: AGENT_PORT, protocol: 'TCP' }],
    resources: { requests: { cpu: '1m', memory: '32Mi' }, limits: { memory: '128Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    },
    volumeMounts: [{ name: 'agent', mountPath: AGENT_DIR, readOnly: true }],
  };
}

/** Its half of the pair; the pod starts without it too. */
export function agentVolume(addonName: string): Volume {
  const { authority, serverCertificate, serverKey } = AGENT_FILES;
  const items = [authority, serverCertificate, serverKey].map((key) => ({ key, path: key }));
  return {
    name: 'agent',
    secret: { secretName: childNames(addonName).agentSecret, items, optional: true },
  };
}
