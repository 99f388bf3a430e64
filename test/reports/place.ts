import { helm } from '../cluster/binaries.ts';
import { run } from '../cluster/run-command.ts';
import { OPERATOR } from '../demo/install.ts';
import type { OperatorNode } from '../e2e/operator-node.ts';
import type { Addon, Space } from '../e2e/space.ts';
import { closedWindow } from '../integration/windows.ts';

export const ADDON = 'my-app';
export const APP = 'web';
/** The user that the installed operator is to the API server. */
export const OPERATOR_USER = `system:serviceaccount:${OPERATOR.namespace}:${OPERATOR.name}`;

/** What tells whether anything was restarted, or is about to be. */
export interface Marks {
  readonly pod: string | undefined;
  readonly restarts: number | undefined;
  readonly set: number | undefined;
  readonly app: number | undefined;
}

interface Counted {
  metadata: { generation: number };
}

/** What happens to one namespace, as somebody at a terminal does it: by kubectl and Helm. */
export class Place {
  readonly on: OperatorNode;
  readonly space: Space;

  constructor(on: OperatorNode, space: Space) {
    this.on = on;
    this.space = space;
  }

  get namespace(): string {
    return this.space.namespace;
  }

  /** kubectl in this namespace, an object given to `-f -`. */
  async kubectl(args: string[], input?: object): Promise<string> {
    const options = input === undefined ? {} : { input: JSON.stringify(input) };
    return this.space.kube.run([...args, '-n', this.namespace], options);
  }

  async helm(args: string[], values: object = {}): Promise<string> {
    const where = ['--kubeconfig', this.on.node.kubeconfig];
    return run(await helm(), [...args, ...where], { input: JSON.stringify(values) });
  }

  async apply(...objects: object[]): Promise<void> {
    await this.kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: objects });
  }

  /** @param what as kubectl names it, such as `influxplan/tiny` */
  async patch(what: string, body: object): Promise<void> {
    await this.kubectl(['patch', what, '--type=merge', '-p', JSON.stringify(body)]);
  }

  /** Changes fields of the addon's spec; null takes one out. */
  async edit(spec: object): Promise<void> {
    await this.patch(`influxaddon/${ADDON}`, { spec });
  }

  /** Applies an addon and an app that is bound to it, and waits until both run. */
  async bound(spec: object = {}): Promise<void> {
    await this.apply(app(), addon({ apps: [{ name: APP, env: 'Inject' }], ...spec }));
    await this.settled();
    // The last of all that is made: from here on, what is written is written for what is done to it.
    await this.space.until('the certificate', () => this.space.get('secrets', `${ADDON}-influx-tls`));
  }

  /** Waits until the spec as it is now is in force and every bound app runs with what it depends on. */
  async settled(name = ADDON): Promise<Addon> {
    return this.until(name, 'to be Ready and its apps current', (addon) => {
      return is(addon, 'Ready') === 'True' && (is(addon, 'AppsCurrent') ?? 'True') === 'True';
    });
  }

  /** Waits until the spec as it is now is refused; returns why. */
  async refused(): Promise<{ addon: Addon; message: string }> {
    const addon = await this.until(ADDON, 'to be Stalled', (each) => is(each, 'Stalled') === 'True');
    return { addon, message: condition(addon, 'Stalled')?.message ?? '' };
  }

  /** Waits for what status says about the spec as it is now. */
  async until(name: string, what: string, holds: (addon: Addon) => boolean): Promise<Addon> {
    return this.space.until(`${this.namespace}/${name} ${what}`, async () => {
      const addon = await this.space.addon(name);
      return addon.status?.observedGeneration === addon.metadata.generation && holds(addon) && addon;
    });
  }

  async marks(name = ADDON, app = APP): Promise<Marks> {
    const { space } = this;
    const pod = await space.get<{
      metadata: { uid: string };
      status: { containerStatuses?: { restartCount: number }[] };
    }>('pods', `${name}-influx-0`);
    return {
      pod: pod?.metadata.uid,
      restarts: pod?.status.containerStatuses?.[0]?.restartCount,
      set: (await space.get<Counted>('statefulsets', `${name}-influx`))?.metadata.generation,
      app: (await space.get<Counted>('deployments', app))?.metadata.generation,
    };
  }

  /** What a user of the API server wrote in this namespace since then, each write to an object once. */
  async written(since: number, user = OPERATOR_USER): Promise<string[]> {
    const entries = await this.on.node.auditEntries({ user, since });
    const writes = entries.filter(
      ({ namespace, verb, resource, dryRun }) =>
        namespace === this.namespace &&
        dryRun === undefined &&
        !['get', 'list', 'watch'].includes(verb) &&
        !['events', 'leases'].includes(resource),
    );
    const words = writes.map(({ verb, resource, subresource: part, name = '' }) => {
      return `${verb} ${part === undefined ? resource : `${resource}/${part}`} ${name}`;
    });
    return [...new Set(words)];
  }
}

export function condition({ status }: Addon, type: string) {
  return status?.conditions?.find((each) => each.type === type);
}

function is(addon: Addon, type: string): string | undefined {
  return condition(addon, type)?.status;
}

export function addon(spec: object, name = ADDON): object {
  return {
    apiVersion: 'influxaddon.dev/v1alpha1',
    kind: 'InfluxAddon',
    metadata: { name },
    spec: { plan: 'tiny', maintenanceWindow: closedWindow(), ...spec },
  };
}

/** A Deployment as its developer has it in a file: it knows nothing of the addon but whom to trust. */
export function app(name = APP, trusts = ADDON): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'app',
              image: 'demo-writer:1',
              env: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/influx-ca/ca.crt' }],
              resources: { requests: { cpu: '10m', memory: '48Mi' }, limits: { memory: '128Mi' } },
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
              volumeMounts: [{ name: 'ca', mountPath: '/influx-ca', readOnly: true }],
            },
          ],
          volumes: [
            {
              name: 'ca',
              secret: {
                secretName: `${trusts}-influx-tls`,
                items: [{ key: 'ca.crt', path: 'ca.crt' }],
                optional: true,
              },
            },
          ],
        },
      },
    },
  };
}

/** An entry of the catalogue. */
export function plan(name: string, spec: object = {}, storage: object = {}): object {
  return {
    apiVersion: 'influxaddon.dev/v1alpha1',
    kind: 'InfluxPlan',
    metadata: { name },
    spec: {
      class: 'Starter',
      memory: '64Mi',
      cpu: { request: '5m', limit: '1' },
      storage: { size: '32Mi', ...storage },
      limits: { connections: 50, concurrentQueries: 5, queryTimeout: '60s', series: 1000 },
      ...spec,
    },
  };
}
