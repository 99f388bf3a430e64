import type { Container, EnvVar, SecurityContext, Volume, VolumeMount } from 'kubernetes-types/core/v1.js';
import type { Job } from '../kube/objects/kinds.ts';
import type { ObjectMeta } from '../kube/objects/types.ts';
import { JOB_CONTAINER, JOB_LABEL, JOB_SPEC_VARIABLE, type JobSpec } from './protocol.ts';
import { CREDENTIAL_KEYS, JOB_FILES, SOURCE_KEYS } from './job-files.ts';
import { engineEnvironment, engineScript } from './engine-script.ts';

/** Everything a Job on backups is made of; all names are of objects in its namespace. */
export interface JobRequest {
  readonly spec: JobSpec;
  /** Name, namespace, labels and owners of the Job. */
  readonly metadata: ObjectMeta & { readonly name: string };
  /** The addon that the pod may speak to, through its NetworkPolicy; undefined when there is none to speak to. */
  readonly addonName: string | undefined;
  /** The operator's own image. */
  readonly image: string;
  /** The engine's image; needed by backup, restore, drill, import and copy. */
  readonly engineImage?: string | undefined;
  /** Memory and CPU of the engine's container where it runs a server (restore, drill, import, copy): the plan's. */
  readonly engineResources?: Container['resources'] | undefined;
  /** Of the data on the server's disk (backup) or of the archive (restore, drill, import). Sizes the scratch volume. */
  readonly dataBytes: number;
  readonly secrets: {
    readonly storeCredentials?: string | undefined;
    readonly storeAuthority?: { readonly name: string; readonly key: string } | undefined;
    readonly identity?: { readonly name: string; readonly key: string } | undefined;
    /** backup: `<addon>-influx-agent`. */
    readonly agent?: string | undefined;
    /** backup: `<addon>-influx-admin`, and which of its keys. */
    readonly admin?: { readonly name: string; readonly usernameKey: string; readonly passwordKey: string };
    /** copy: the Secret with the URL of the database that is copied. */
    readonly source?: string | undefined;
    /** backup of a database with TLS: `<addon>-influx-tls`. */
    readonly databaseAuthority?: string | undefined;
  };
  /** The claim of a PVC store. */
  readonly storeClaim?: string | undefined;
  /** restore, import, copy: the claim that is filled. */
  readonly targetClaim?: string | undefined;
}

/**
 * One try: the pod is not restarted and the Job makes no second one, so that whoever made it decides about another
 * (with its reason at hand). Deleted Jobs take their pods along only when deleted with propagation.
 */
export function buildJob(request: JobRequest): Job {
  const { spec, metadata } = request;
  const labels = {
    ...metadata.labels,
    ...(request.addonName === undefined ? {} : { [JOB_LABEL]: request.addonName }),
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...metadata, labels },
    spec: {
      backoffLimit: 0,
      // Its own deadline ends it with a reason; this one is for a pod that cannot even start.
      activeDeadlineSeconds: spec.deadlineSeconds + START_SECONDS,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 40,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: ENGINE_UID,
            runAsGroup: ENGINE_UID,
            fsGroup: ENGINE_UID,
            fsGroupChangePolicy: 'OnRootMismatch',
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [jobContainer(request), ...engineContainers(request)],
          volumes: volumesOf(request),
        },
      },
    },
  };
}

const START_SECONDS = 600;
/** As the database's pod: what one writes to a volume the other reads. */
const ENGINE_UID = 1500;
const MiB = 1024 ** 2;
/** A quota of CPU limits lets no pod in that has none. Each container is busy with one thing at a time. */
const CPU_LIMIT = '1';

const RESTRICTED: SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
};

function jobContainer(request: JobRequest): Container {
  const { spec } = request;
  return {
    name: JOB_CONTAINER,
    image: request.image,
    imagePullPolicy: 'IfNotPresent',
    args: [spec.operation],
    env: [{ name: JOB_SPEC_VARIABLE, value: JSON.stringify(spec) }],
    resources: {
      requests: { cpu: '50m', memory: '96Mi' },
      limits: { cpu: CPU_LIMIT, memory: '384Mi' },
    },
    securityContext: RESTRICTED,
    volumeMounts: volumesOf(request).flatMap(({ name }): VolumeMount[] => {
      const path = MOUNT_PATHS[name];
      if (path === undefined || name === 'state') return [];
      const writes = ['scratch', 'handoff', 'tmp', 'store'].includes(name);
      return [{ name, mountPath: path, ...(writes ? {} : { readOnly: true }) }];
    }),
  };
}

/** Runs the engine's own tools: told when by files in the scratch volume, since two images share nothing else. */
function engineContainers(request: JobRequest): Container[] {
  const { spec, engineImage } = request;
  const isDump = spec.operation === 'backup';
  if (!isDump && !('target' in spec)) return [];
  if (engineImage === undefined) throw new RangeError(`the operation ${spec.operation} needs the engine`);
  return [
    {
      name: 'engine',
      image: engineImage,
      imagePullPolicy: 'IfNotPresent',
      command: ['sh', '-c', engineScript()],
      env: environment(isDump ? { HOME: '/tmp' } : engineEnvironment()),
      resources: isDump
        ? { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: CPU_LIMIT, memory: '256Mi' } }
        : (request.engineResources ?? {}),
      securityContext: RESTRICTED,
      volumeMounts: [
        { name: 'scratch', mountPath: JOB_FILES.scratch },
        { name: 'handoff', mountPath: JOB_FILES.handoff },
        { name: 'tmp', mountPath: '/tmp' },
        ...(isDump ? [] : [{ name: 'state', mountPath: JOB_FILES.state }]),
      ],
    },
  ];
}

const MOUNT_PATHS: Readonly<Record<string, string>> = {
  scratch: JOB_FILES.scratch,
  handoff: JOB_FILES.handoff,
  tmp: '/tmp',
  'store-credentials': JOB_FILES.storeCredentials,
  'store-authority': JOB_FILES.storeAuthority,
  store: JOB_FILES.storeVolume,
  identity: JOB_FILES.identity,
  agent: JOB_FILES.agent,
  admin: JOB_FILES.admin,
  'database-authority': JOB_FILES.databaseAuthority,
  source: JOB_FILES.source,
  state: JOB_FILES.state,
};

function volumesOf({
  spec,
  secrets,
  storeClaim,
  targetClaim,
  dataBytes,
}: JobRequest): (Volume & { name: string })[] {
  const volumes: (Volume & { name: string })[] = [
    { name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } },
    { name: 'handoff', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } },
    // A limit, of which nothing is set aside. The tool writes a shard as it is before it packs it, and a packed one goes as
    // soon as it is in the archive: twice all of it is needed when all is in one shard, or when the store takes it slowly.
    // A restore unpacks what was packed.
    { name: 'scratch', emptyDir: { sizeLimit: String(Math.ceil(dataBytes * 2.2) + 256 * MiB) } },
  ];
  const { storeCredentials, storeAuthority, identity, agent, admin, databaseAuthority, source } = secrets;
  if (storeClaim !== undefined)
    volumes.push({ name: 'store', persistentVolumeClaim: { claimName: storeClaim } });
  if (storeCredentials !== undefined) {
    const items = Object.values(CREDENTIAL_KEYS)
      .flat()
      .map((key) => ({ key, path: key }));
    // Each key optional: a missing one is for the Job to say in words.
    volumes.push({
      name: 'store-credentials',
      projected: {
        sources: items.map((item) => ({
          secret: { name: storeCredentials, items: [item], optional: true },
        })),
      },
    });
  }
  if (storeAuthority !== undefined)
    volumes.push(secretVolume('store-authority', storeAuthority.name, { 'ca.crt': storeAuthority.key }));
  if (identity !== undefined)
    volumes.push(secretVolume('identity', identity.name, { identity: identity.key }));
  if (agent !== undefined)
    volumes.push(
      secretVolume('agent', agent, {
        'ca.crt': 'ca.crt',
        'client.crt': 'client.crt',
        'client.key': 'client.key',
      }),
    );
  if (admin !== undefined)
    volumes.push(
      secretVolume('admin', admin.name, { username: admin.usernameKey, password: admin.passwordKey }),
    );
  if (databaseAuthority !== undefined)
    volumes.push(secretVolume('database-authority', databaseAuthority, { 'ca.crt': 'ca.crt' }));
  if (source !== undefined)
    volumes.push(
      secretVolume('source', source, Object.fromEntries(Object.values(SOURCE_KEYS).map((key) => [key, key]))),
    );
  if (targetClaim !== undefined)
    volumes.push({ name: 'state', persistentVolumeClaim: { claimName: targetClaim } });
  else if ('target' in spec)
    volumes.push({ name: 'state', emptyDir: { sizeLimit: String(dataBytes * 4 + 256 * MiB) } });
  return volumes;
}

/** `files`: path in the folder to key of the Secret. */
function secretVolume(
  name: string,
  secretName: string,
  files: Readonly<Record<string, string>>,
): Volume & { name: string } {
  const items = Object.entries(files).map(([path, key]) => ({ key, path }));
  return { name, secret: { secretName, items, optional: true } };
}

function environment(values: Readonly<Record<string, string>>): EnvVar[] {
  // The API server stores an empty value as none.
  return Object.entries(values).map(([name, value]) => (value === '' ? { name } : { name, value }));
}
