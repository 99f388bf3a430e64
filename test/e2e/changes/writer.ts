import { appImageName } from '../../cluster/images/app.ts';
import type { Node } from '../../cluster/node.ts';
import type { Space } from '../space.ts';

/** A point that the database has acknowledged; both times in milliseconds since the epoch. */
export interface Ack {
  /** The app's pod that wrote it: a tag of the point. */
  readonly writer: string;
  readonly timestamp: number;
  readonly at: number;
}

const EVERY_MS = 10;
const CA = '/influx-ca';

/**
 * An app that writes 100 points a second through the URL that was injected, trusts the authority of its addon, and
 * keeps a list of what was acknowledged on a volume, which outlives every restart of it.
 */
export class Writer {
  readonly #space: Space;
  readonly #node: Node;
  readonly #name: string;
  #folder = '';

  private constructor(space: Space, node: Node, name: string) {
    this.#space = space;
    this.#node = node;
    this.#name = name;
  }

  /** Deploys it; it writes as soon as `addon` names it among its apps. */
  static async deploy(node: Node, space: Space, name: string, addon: string): Promise<Writer> {
    return Writer.#deployed(node, space, name, addon, []);
  }

  /** Deploys one that reads the URL itself, and calls its n-th point acknowledged without ever sending it. */
  static async deployDropping(
    node: Node,
    space: Space,
    name: string,
    addon: string,
    n: number,
  ): Promise<Writer> {
    const secretKeyRef = { name: `${addon}-influx`, key: 'INFLUX_URL' };
    return Writer.#deployed(node, space, name, addon, [
      { name: 'INFLUX_URL', valueFrom: { secretKeyRef } },
      { name: 'WRITER_DROPS', value: String(n) },
    ]);
  }

  static async #deployed(
    node: Node,
    space: Space,
    name: string,
    addon: string,
    env: object[],
  ): Promise<Writer> {
    const { namespace } = space;
    await space.kube.apply(
      acksClaim(namespace, name),
      deployment(namespace, name, podSpec(name, addon, env)),
    );
    return new Writer(space, node, name);
  }

  /** All acknowledged points in the order in which they were acknowledged. */
  async acks(): Promise<Ack[]> {
    return (await this.#read('cat ./*.acks')).toSorted((a, b) => a.at - b.at);
  }

  /** The last acknowledgement of each pod that has had one. */
  async last(): Promise<Ack[]> {
    return this.#read('for file in ./*.acks; do tail -n 1 "$file"; done');
  }

  /** Why attempts to write failed, one entry for each. */
  async failures(): Promise<string[]> {
    const text = await this.#text('cat ./*.failed 2>/dev/null || true');
    return text.split('\n').filter((line) => line !== '');
  }

  /** How often its pod template was changed, its first one included; two counters have to agree. */
  async revisions(): Promise<number> {
    const where = ['-n', this.#space.namespace, '-o', 'json'];
    const deployed = JSON.parse(
      await this.#space.kube.run(['get', 'deployment', this.#name, ...where]),
    ) as Revised;
    const sets = JSON.parse(
      await this.#space.kube.run(['get', 'replicasets', '-l', `app=${this.#name}`, ...where]),
    ) as { items: Revised[] };
    const counted = [deployed, ...sets.items].map(({ metadata }) =>
      Number(metadata.annotations?.['deployment.kubernetes.io/revision']),
    );
    const revision = Math.max(...counted);
    if (sets.items.length !== revision) {
      throw new Error(`${this.#name} has revision ${revision} and ${sets.items.length} ReplicaSets`);
    }
    return revision;
  }

  async #text(script: string): Promise<string> {
    if (this.#folder === '') this.#folder = await this.#volume();
    return this.#node.runInside('sh', ['-c', `cd '${this.#folder}' && ${script}`]);
  }

  async #read(script: string): Promise<Ack[]> {
    return (await this.#text(script))
      .split('\n')
      .map((line) => /^demo,writer=(\S+) (\d+) (\d+)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, writer = '', timestamp, at]) => ({ writer, timestamp: Number(timestamp), at: Number(at) }));
  }

  async #volume(): Promise<string> {
    const { namespace, kube } = this.#space;
    const volume = ['get', 'pvc', `${this.#name}-acks`, '-n', namespace, '-o', 'jsonpath={.spec.volumeName}'];
    return kube.run(['get', 'pv', await kube.run(volume), '-o', 'jsonpath={.spec.local.path}']);
  }
}

interface Revised {
  metadata: { annotations?: Record<string, string> };
}

function acksClaim(namespace: string, name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace, name: `${name}-acks` },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '32Mi' } } },
  };
}

function deployment(namespace: string, name: string, spec: object): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec },
    },
  };
}

function podSpec(name: string, addon: string, env: object[]): object {
  return {
    securityContext: { runAsNonRoot: true, fsGroup: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'app',
        image: appImageName,
        env: [
          { name: 'WRITER_INTERVAL_MS', value: String(EVERY_MS) },
          { name: 'WRITER_ACKS_DIR', value: '/acks' },
          { name: 'NODE_EXTRA_CA_CERTS', value: `${CA}/ca.crt` },
          ...env,
        ],
        resources: { requests: { cpu: '10m', memory: '48Mi' } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        volumeMounts: [
          { name: 'acks', mountPath: '/acks' },
          { name: 'ca', mountPath: CA, readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: 'acks', persistentVolumeClaim: { claimName: `${name}-acks` } },
      // The authority only, never the key beside it; optional, so that the app may be there before its addon.
      {
        name: 'ca',
        secret: {
          secretName: `${addon}-influx-tls`,
          items: [{ key: 'ca.crt', path: 'ca.crt' }],
          optional: true,
        },
      },
    ],
  };
}
