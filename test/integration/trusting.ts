import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { AUTHORITY_SECRET } from '../../src/addon/tls/authorities.ts';
import type { InfluxAddon as Addon, InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { Deployment, Pod, Secret, StatefulSet } from '../../src/kube/objects/kinds.ts';
import type { Live } from '../../src/kube/objects/types.ts';
import { appOf } from './app.ts';
import { secretData } from './database.ts';
import { condition, isReady, type OperatorBed } from './operator-bed.ts';
import type { Window } from './windows.ts';

export const NAME = 'my-app';

const isSettled = (addon: Live<Addon>) =>
  isReady(addon) && condition(addon, 'AppsCurrent')?.status === 'True';
/** Nothing of it waits for maintenance. */
export const isDone = (addon: Live<Addon>): boolean =>
  isSettled(addon) && condition(addon, 'MaintenancePending')?.status === 'False';

/** An addon with TLS and an app that trusts the authority, which is kept in the same namespace. */
export class Trusting {
  readonly bed: OperatorBed;
  readonly namespace: string;

  constructor(bed: OperatorBed, namespace: string) {
    this.bed = bed;
    this.namespace = namespace;
  }

  async provision(maintenanceWindow: Window): Promise<void> {
    const { bed, namespace } = this;
    await bed.client.create(Deployment, appOf(namespace));
    const apps: InfluxAddonSpec['apps'] = [{ name: 'web', env: 'Inject' }];
    await bed.addon(namespace, NAME, { maintenanceWindow, tls: { mode: 'Required' }, apps });
    await bed.until(namespace, NAME, 'ready', isDone);
  }

  /** What tells whether anything was restarted. */
  async restarts() {
    const { bed, namespace } = this;
    const web = await bed.client.get(Deployment, { namespace, name: 'web' });
    return {
      pod: await this.podUid(),
      app: web?.metadata.annotations?.['deployment.kubernetes.io/revision'],
    };
  }

  async podUid(): Promise<string | undefined> {
    const key = { namespace: this.namespace, name: `${NAME}-influx-0` };
    return (await this.bed.client.get(Pod, key))?.metadata.uid;
  }

  /** The fingerprint of the certificate that the database shows. */
  async shown(): Promise<string | undefined> {
    const pod = await this.bed.client.get(Pod, { namespace: this.namespace, name: `${NAME}-influx-0` });
    const socket = connect({ host: pod?.status?.podIP ?? '', port: 8086, rejectUnauthorized: false });
    try {
      await once(socket, 'secureConnect');
      return socket.getPeerX509Certificate()?.fingerprint256;
    } finally {
      socket.destroy();
    }
  }

  async endPod(): Promise<void> {
    await this.bed.client.delete(Pod, { namespace: this.namespace, name: `${NAME}-influx-0` });
  }

  async generation(): Promise<number | undefined> {
    const key = { namespace: this.namespace, name: `${NAME}-influx` };
    return (await this.bed.client.get(StatefulSet, key))?.metadata.generation;
  }

  /** The certificate in the Secret of an addon, and how many authorities are beside it. */
  async stored(addon = NAME) {
    const files = await secretData(this.bed, this.namespace, `${addon}-influx-tls`);
    const authorities =
      files['ca.crt']?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    const leaf = new X509Certificate(files['tls.crt'] ?? '');
    const signers = authorities.filter((pem) => leaf.verify(new X509Certificate(pem).publicKey));
    return { leaf: leaf.fingerprint256, authorities, signer: signers[0] };
  }

  async ask(token: string): Promise<void> {
    const metadata = { annotations: { 'influxaddon.dev/maintain-now': token } };
    const key = { namespace: this.namespace, name: NAME };
    await this.bed.client.patch(InfluxAddon, key, { metadata }, { type: 'merge' });
  }

  async loseAuthority(): Promise<void> {
    await this.bed.client.delete(Secret, { namespace: this.namespace, name: AUTHORITY_SECRET });
  }

  async editAuthorities(edit: (kept: Record<string, Record<string, string>>) => void): Promise<void> {
    const key = { namespace: this.namespace, name: AUTHORITY_SECRET };
    const live = await this.bed.client.get(Secret, key);
    if (live === undefined) throw new Error('there is no authority');
    const text = Buffer.from(live.data?.['authorities.json'] ?? '', 'base64').toString('utf8');
    const kept = JSON.parse(text) as Record<string, Record<string, string>>;
    edit(kept);
    const json = Buffer.from(JSON.stringify(kept)).toString('base64');
    await this.bed.client.replace(Secret, { ...live, data: { ...live.data, 'authorities.json': json } });
  }
}
