import { type BedApi, waitFor } from '../cluster/bed-api.ts';
import type { Node } from '../cluster/node.ts';
import type { Kubectl } from '../demo/kubectl.ts';
import { PATIENCE_MS } from '../patience.ts';
import { Database } from './database.ts';
import { closedWindow } from '../integration/windows.ts';

const GROUPS = {
  influxaddons: '/apis/influxaddon.dev/v1alpha1',
  deployments: '/apis/apps/v1',
  statefulsets: '/apis/apps/v1',
  secrets: '/api/v1',
  services: '/api/v1',
  pods: '/api/v1',
  persistentvolumeclaims: '/api/v1',
} as const;
export type Plural = keyof typeof GROUPS;

interface Meta {
  name: string;
  uid: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
}

export interface Addon {
  metadata: Meta & { generation: number };
  spec: Record<string, unknown>;
  status?: {
    observedGeneration?: number;
    id?: string;
    version?: string;
    plan?: string;
    binding?: { name: string };
    rotation?: { phase: string; formerUntil?: string; message: string };
    continuousQueries?: { name: string; listed: boolean }[];
    lastHandled?: { rotate?: string };
    storage?: { uid?: string };
    restore?: { name: string; writesRefusedAt: string };
    conditions?: { type: string; status: string; reason: string; message: string }[];
  };
}

export interface PodObject {
  metadata: Meta;
  spec: {
    automountServiceAccountToken?: boolean;
    securityContext: Record<string, unknown>;
    containers: ContainerSpec[];
    initContainers?: ContainerSpec[];
    volumes: Record<string, unknown>[];
  };
  status: {
    podIP?: string;
    phase?: string;
    conditions?: { type: string; status: string }[];
    containerStatuses?: { name: string; restartCount: number; containerID?: string }[];
  };
}

interface ContainerSpec {
  name: string;
  image: string;
  env?: { name: string; value?: string }[];
  securityContext?: Record<string, unknown>;
  volumeMounts?: { name: string; mountPath: string }[];
}

/** One namespace of a node, and the addons in it, as their user sees them. */
export class Space {
  readonly namespace: string;
  readonly api: BedApi;
  readonly kube: Kubectl;
  readonly #node: Node;

  constructor(namespace: string, node: Node, api: BedApi, kube: Kubectl) {
    this.namespace = namespace;
    this.#node = node;
    this.api = api;
    this.kube = kube;
  }

  path(plural: Plural, name = ''): string {
    return `${GROUPS[plural]}/namespaces/${this.namespace}/${plural}${name === '' ? '' : `/${name}`}`;
  }

  async get<T>(plural: Plural, name: string): Promise<T | undefined> {
    return this.api.get<T>(this.path(plural, name));
  }

  /** The object, which has to be there. */
  async must<T>(plural: Plural, name: string): Promise<T> {
    const object = await this.get<T>(plural, name);
    if (object === undefined) throw new Error(`no ${plural} ${name} in ${this.namespace}`);
    return object;
  }

  async patch(plural: Plural, name: string, body: object): Promise<void> {
    await this.api.send('PATCH', this.path(plural, name), body, 'application/merge-patch+json');
  }

  async delete(plural: Plural, name: string, options: object = {}): Promise<void> {
    await this.api.send('DELETE', this.path(plural, name), options);
  }

  /** Asks until the answer is neither undefined nor false. */
  async until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
    try {
      const options = { timeoutMs: PATIENCE_MS, everyMs: 100, signal: this.#node.failure };
      return await waitFor(what, ask, options);
    } catch (error) {
      throw new Error(`${String(error)}\n${await this.#picture()}`, { cause: error });
    }
  }

  /** Creates the addon, and nothing more. */
  async create(name: string, spec: object): Promise<void> {
    await this.api.send('POST', this.path('influxaddons'), {
      apiVersion: 'influxaddon.dev/v1alpha1',
      kind: 'InfluxAddon',
      metadata: { name },
      spec: { plan: 'tiny', maintenanceWindow: closedWindow(), ...spec },
    });
  }

  /** Creates an addon and waits until it is Ready. */
  async ready(name: string, spec: object = {}): Promise<Database> {
    await this.create(name, spec);
    await this.status(name, 'Ready');
    return this.database(name);
  }

  async edit(name: string, spec: object): Promise<void> {
    await this.patch('influxaddons', name, { spec });
  }

  async addon(name: string): Promise<Addon> {
    return this.must<Addon>('influxaddons', name);
  }

  /** Waits until the STATUS column, about the spec as it is now, says `reason`; returns the Ready condition's message. */
  async status(name: string, reason: string): Promise<string> {
    return this.until(`STATUS ${reason} of ${this.namespace}/${name}`, async () => {
      const { metadata, status } = await this.addon(name);
      if (status?.observedGeneration !== metadata.generation) return undefined;
      const ready = status.conditions?.find(({ type }) => type === 'Ready');
      return ready?.reason === reason && ready.message;
    });
  }

  /** The status of a condition of an addon as it stands. */
  async condition(name: string, type: string): Promise<string | undefined> {
    return (await this.addon(name)).status?.conditions?.find((each) => each.type === type)?.status;
  }

  /** The addon's database, reached through its Service as the URL in its Secret says. */
  async database(name: string): Promise<Database> {
    const [admin, url] = [await this.secret(`${name}-influx-admin`), await this.secret(`${name}-influx`)];
    const service = await this.must<{ spec: { clusterIP: string } }>('services', `${name}-influx`);
    const { username, password, port, pathname } = new URL(url['INFLUX_URL'] ?? '');
    return new Database({
      origin: `http://${service.spec.clusterIP}:${port}`,
      id: decodeURIComponent(pathname.slice(1)),
      user: { username, password },
      admin: { username: admin['admin-username'] ?? '', password: admin['admin-password'] ?? '' },
    });
  }

  async secret(name: string): Promise<Record<string, string>> {
    const { data = {} } = await this.must<{ data?: Record<string, string> }>('secrets', name);
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
    );
  }

  async pod(name: string): Promise<PodObject> {
    return this.must<PodObject>('pods', `${name}-influx-0`);
  }

  /** Waits until the addon's pod is another one than `uid`, and ready. */
  async nextPod(name: string, uid: string): Promise<PodObject> {
    return this.until(`a pod of ${name} after ${uid}`, async () => {
      const pod = await this.get<PodObject>('pods', `${name}-influx-0`);
      const ready = pod?.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
      return pod?.metadata.uid !== uid && ready === true && pod;
    });
  }

  /** Runs a shell command in the engine's container. */
  async shell(name: string, script: string): Promise<string> {
    const pod = `${name}-influx-0`;
    return this.kube.run(['exec', '-n', this.namespace, pod, '-c', 'influxdb', '--', 'sh', '-c', script]);
  }

  /** The folder on this machine, in the node's mount namespace, that is the addon's volume. */
  async volume(name: string): Promise<{ name: string; path: string }> {
    const claim = await this.must<{ spec: { volumeName: string } }>(
      'persistentvolumeclaims',
      `${name}-influx-data`,
    );
    const volume = await this.api.get<{ spec: { local: { path: string } } }>(
      `/api/v1/persistentvolumes/${claim.spec.volumeName}`,
    );
    if (volume === undefined) throw new Error(`no volume ${claim.spec.volumeName}`);
    return { name: claim.spec.volumeName, path: volume.spec.local.path };
  }

  /** What helps to understand why something did not come. */
  async #picture(): Promise<string> {
    const columns =
      'NAME:.metadata.name,CONDITIONS:.status.conditions[*].message,STATUS:.status.conditions[0].reason';
    const questions = [
      ['get', 'influxaddons', '-o', `custom-columns=${columns}`],
      ['get', 'pods,pvc,deployments', '-o', 'wide'],
      [
        'get',
        'events',
        '--sort-by=.lastTimestamp',
        '-o',
        'custom-columns=O:.involvedObject.name,R:.reason,M:.message',
      ],
    ];
    const answers = await Promise.all(
      questions.map((args) => this.kube.run([...args, '-n', this.namespace]).catch(String)),
    );
    return answers.map((answer) => answer.split('\n').slice(-25).join('\n')).join('\n');
  }
}
