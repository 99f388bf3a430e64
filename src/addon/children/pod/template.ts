import type { Container, EnvVar, PodTemplateSpec, SecurityContext } from 'kubernetes-types/core/v1.js';
import { placementOf } from '../../../api/addon-defaults.ts';
import { isOurs } from './ours.ts';
import { engineInForce } from '../../../influx/engines.ts';
import { milliOf, unitsOf } from '../../../kube/objects/quantity.ts';
import { agentContainer, agentVolume } from './agent.ts';
import { ENGINE_PORT } from '../../../influx/pod-parts.ts';
import { hashOf } from '../../world/hash.ts';
import {
  ANNOTATION,
  BOOTSTRAP_CONTAINER,
  childNames,
  ENGINE_CONTAINER,
  EXTERNAL_LABEL,
  podLabels,
  labelsOf,
} from '../../world/names.ts';
import type { BuildContext } from '../context.ts';

/** The user of the newer official images; the older ones ran as root, so the volume's group is what makes both work. */
const ENGINE_UID = 1500;
const STATE_DIR = '/var/lib/influxdb';
const BOOTSTRAP_DIR = '/bootstrap';
const TLS_DIR = '/etc/influxdb-tls';

const RESTRICTED: SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
};

/** The database's pod: only the engine's own image is needed, so an operator upgrade cannot change what runs. */
export function buildPodTemplate(context: Pick<BuildContext, 'addon' | 'target'>): PodTemplateSpec {
  const { addon, target } = context;
  const names = childNames(addon.metadata.name);
  const placement = placementOf(addon);
  const annotations = {
    ...withoutOurs(placement.podAnnotations),
    ...(target.certificate === undefined ? {} : { [ANNOTATION.certificate]: target.certificate.trust }),
    ...(target.external === undefined ? {} : { [ANNOTATION.external]: hashOf(target.external) }),
    ...(target.restartedAt === undefined ? {} : { [ANNOTATION.restarted]: target.restartedAt }),
    ...(target.restartedFor === undefined ? {} : { [ANNOTATION.restartedFor]: target.restartedFor }),
  };
  const { pod } = engineInForce(target.version.name);
  const { terminationGracePeriodSeconds } = pod.lifecycle({ tls: false });
  return {
    metadata: {
      labels: {
        ...withoutOurs(placement.podLabels),
        ...labelsOf(addon.metadata.name),
        ...podLabels(addon.metadata.name),
        ...(target.external === undefined ? {} : { [EXTERNAL_LABEL]: 'true' }),
      },
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: ENGINE_UID,
        runAsGroup: ENGINE_UID,
        fsGroup: ENGINE_UID,
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      // First of all init containers: anything before or beside it would see the loopback listener without authentication.
      initContainers: [bootstrapContainer(context)],
      containers: [
        engineContainer(context),
        ...(target.agent === undefined ? [] : [agentContainer(target.agent)]),
      ],
      volumes: [
        { name: 'data', persistentVolumeClaim: { claimName: target.claim ?? names.claim } },
        { name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } },
        {
          name: 'bootstrap',
          secret: {
            secretName: names.adminSecret,
            items: [
              { key: 'create-admin.iql', path: 'create-admin.iql' },
              { key: 'heal-admin.iql', path: 'heal-admin.iql' },
            ],
          },
        },
        { name: 'tls', secret: { secretName: names.tlsSecret, optional: true } },
        ...(target.agent === undefined ? [] : [agentVolume(addon.metadata.name)]),
      ],
      ...(Object.keys(placement.nodeSelector).length > 0 ? { nodeSelector: placement.nodeSelector } : {}),
      ...(placement.tolerations.length > 0 ? { tolerations: placement.tolerations } : {}),
      ...(placement.affinity === undefined ? {} : { affinity: placement.affinity }),
      ...(placement.priorityClassName === undefined
        ? {}
        : { priorityClassName: placement.priorityClassName }),
    },
  };
}

/** Makes or heals the administrator before the port opens; the only container that sees the admin's password. */
function bootstrapContainer({ target }: Pick<BuildContext, 'target'>): Container {
  const { pod } = engineInForce(target.version.name);
  return {
    name: BOOTSTRAP_CONTAINER,
    image: target.version.image,
    imagePullPolicy: 'IfNotPresent',
    command: [...pod.bootstrapCommand],
    env: environment(pod.bootstrapEnvironment(target.version.name)),
    resources: resourcesOf(target),
    securityContext: RESTRICTED,
    volumeMounts: [
      { name: 'data', mountPath: STATE_DIR },
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'bootstrap', mountPath: BOOTSTRAP_DIR, readOnly: true },
    ],
  };
}

function engineContainer({ target }: Pick<BuildContext, 'target'>): Container {
  const { plan, version } = target;
  const tls = target.tls === 'Required';
  const { pod } = engineInForce(version.name);
  const parameters = pod.environment(
    {
      memoryBytes: unitsOf(plan.spec.memory),
      cpuLimit: milliOf(plan.spec.cpu.limit) / 1000,
      limits: plan.spec.limits,
    },
    { version: version.name, tls },
  );
  const { startupProbe, readinessProbe, livenessProbe } = pod.lifecycle({ tls });
  return {
    name: ENGINE_CONTAINER,
    image: version.image,
    imagePullPolicy: 'IfNotPresent',
    command: [...pod.command],
    env: environment(parameters),
    ports: [{ name: 'http', containerPort: ENGINE_PORT, protocol: 'TCP' }],
    resources: resourcesOf(target),
    securityContext: RESTRICTED,
    startupProbe,
    readinessProbe,
    livenessProbe,
    volumeMounts: [
      { name: 'data', mountPath: STATE_DIR },
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'tls', mountPath: TLS_DIR, readOnly: true },
    ],
  };
}

/** Memory is guaranteed: a database that is killed when its node is short of memory is no plan. */
function resourcesOf({ plan }: BuildContext['target']): NonNullable<Container['resources']> {
  return {
    requests: { cpu: plan.spec.cpu.request, memory: plan.spec.memory },
    limits: { cpu: plan.spec.cpu.limit, memory: plan.spec.memory },
  };
}

function environment(values: Readonly<Record<string, string>>): EnvVar[] {
  // The API server stores an empty value as none.
  return Object.entries(values).map(([name, value]) => (value === '' ? { name } : { name, value }));
}

function withoutOurs(given: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(given).filter(([key]) => !isOurs(key)));
}
