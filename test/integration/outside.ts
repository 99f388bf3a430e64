import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { Deployment, NetworkPolicy, Pod, Service, StatefulSet } from '../../src/kube/objects/kinds.ts';
import type { Live } from '../../src/kube/objects/types.ts';
import { appOf } from './app.ts';
import { eventually } from './children.ts';
import { condition, isReady, OPERATOR_USER, type OperatorBed } from './operator-bed.ts';

export const NAME = 'my-app';
export const LIST = ['203.0.113.0/24'];
export const LOAD_BALANCER = {
  tls: { mode: 'Required' },
  internetAccess: { mode: 'LoadBalancer', allowedCIDRs: LIST },
} as const satisfies Partial<InfluxAddonSpec>;
export const OFF = { internetAccess: { mode: 'Disabled' } } as const satisfies Partial<InfluxAddonSpec>;

const EXTERNAL = `${NAME}-influx-external`;

export const isSettled = (addon: Live<InfluxAddon>): boolean =>
  isReady(addon) && condition(addon, 'AppsCurrent')?.status === 'True';

/** One addon with an app, and what of it is seen outside. */
export class Outside {
  readonly bed: OperatorBed;
  readonly namespace: string;

  private constructor(bed: OperatorBed, namespace: string) {
    this.bed = bed;
    this.namespace = namespace;
  }

  static async in(bed: OperatorBed, namespace: string, spec: Partial<InfluxAddonSpec>): Promise<Outside> {
    await bed.client.create(Deployment, appOf(namespace));
    await bed.addon(namespace, NAME, { ...spec, apps: [{ name: 'web', env: 'Inject' }] });
    return new Outside(bed, namespace);
  }

  async settled(): Promise<Live<InfluxAddon>> {
    return await this.bed.until(this.namespace, NAME, 'settled', isSettled);
  }

  async edit(spec: Partial<InfluxAddonSpec>): Promise<void> {
    const key = { namespace: this.namespace, name: NAME };
    await this.bed.client.patch(InfluxAddon, key, { spec }, { type: 'merge' });
  }

  async service(): Promise<Live<Service> | undefined> {
    return await this.bed.client.get(Service, { namespace: this.namespace, name: EXTERNAL });
  }

  async patchService(body: object): Promise<void> {
    const key = { namespace: this.namespace, name: EXTERNAL };
    await this.bed.client.patch(Service, key, body, { type: 'merge' });
  }

  /** What a cloud does, once there is a Service of type LoadBalancer. */
  async giveAddress(ip: string): Promise<void> {
    const service = await eventually('the Service', async () => await this.service());
    const { namespace, name } = service.metadata;
    const status = { loadBalancer: { ingress: [{ ip }] } };
    const key = { namespace: namespace ?? '', name };
    await this.bed.client.patch(Service, key, { status }, { type: 'merge', subresource: 'status' });
  }

  /** The address ranges that the policy lets in, and the number of its rules. */
  async policy(): Promise<{ blocks: string[]; rules: number } | undefined> {
    const key = { namespace: this.namespace, name: `${NAME}-influx` };
    const live = await this.bed.client.get(NetworkPolicy, key);
    const rules = live?.spec?.ingress ?? [];
    const peers = rules.flatMap(({ from = [] }) => from);
    const blocks = peers.flatMap(({ ipBlock }) => (ipBlock === undefined ? [] : [ipBlock.cidr]));
    return live === undefined ? undefined : { blocks, rules: rules.length };
  }

  /**
   * How often the operator had the database started: by another template, or by deleting its pod. Pods are not counted:
   * the controller of StatefulSets, when it is behind, makes one of the template before and replaces it at once.
   */
  async starts(): Promise<number> {
    const set = await this.bed.client.get(StatefulSet, {
      namespace: this.namespace,
      name: `${NAME}-influx`,
    });
    const entries = await this.bed.plane.auditEntries({ user: OPERATOR_USER });
    const deletions = entries.filter(
      (each) => each.namespace === this.namespace && each.resource === 'pods' && each.verb === 'delete',
    );
    return (set?.metadata.generation ?? 0) + deletions.length;
  }

  /** The names in the certificate that the database shows, as openssl prints them. */
  async shown(): Promise<string> {
    const pod = await this.bed.client.get(Pod, { namespace: this.namespace, name: `${NAME}-influx-0` });
    const socket = connect({ host: pod?.status?.podIP ?? '', port: 8086, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const certificate = socket.getPeerX509Certificate();
    socket.destroy();
    return certificate?.subjectAltName ?? '';
  }

  async appRevision(): Promise<string | undefined> {
    const app = await this.bed.client.get(Deployment, { namespace: this.namespace, name: 'web' });
    return app?.metadata.annotations?.['deployment.kubernetes.io/revision'];
  }
}

export function namesIn(certPem: string): string {
  return new X509Certificate(certPem).subjectAltName ?? '';
}
