import { expect } from 'vitest';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { Deployment, StatefulSet } from '../../src/kube/objects/kinds.ts';
import type { SteppedClock } from '../cluster/stepped-clock.ts';
import { appOf } from './app.ts';
import { eventually } from './children.ts';
import { queryAsAdmin, queryAsUser, queryThroughUrl, secretData } from './database.ts';
import type { LoginWatch } from './login-watch.ts';
import { condition, isReady, type OperatorBed } from './operator-bed.ts';

export const NAME = 'my-app';
/** What the operator leaves the pods that an app replaced to end, at most. */
const LAST_PODS_MS = 120_000;

export interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly admin: string;
}

/** An addon whose credentials are rotated, with an app that has them. */
export class Rotating {
  readonly bed: OperatorBed;
  readonly namespace: string;

  constructor(bed: OperatorBed, namespace: string) {
    this.bed = bed;
    this.namespace = namespace;
  }

  /** Makes both, and waits until the app is bound. */
  async provision(spec: Partial<InfluxAddonSpec> = {}): Promise<Credentials> {
    const { bed, namespace } = this;
    await bed.client.create(Deployment, appOf(namespace));
    await bed.addon(namespace, NAME, { ...spec, apps: [{ name: 'web', env: 'Inject' }] });
    await bed.until(
      namespace,
      NAME,
      'bound',
      (addon) => condition(addon, 'AppsCurrent')?.status === 'True' && isReady(addon),
    );
    return await this.credentials();
  }

  async credentials(): Promise<Credentials> {
    const admin = await this.secret('-admin');
    const { username = '', password = '' } = await this.secret('-binding');
    return { username, password, admin: admin['admin-password'] ?? '' };
  }

  async secret(suffix: string): Promise<Record<string, string>> {
    return await secretData(this.bed, this.namespace, `${NAME}-influx${suffix}`);
  }

  async ask(annotations: Record<string, string | null>, spec: object = {}): Promise<void> {
    const key = { namespace: this.namespace, name: NAME };
    await this.bed.client.patch(InfluxAddon, key, { metadata: { annotations }, spec }, { type: 'merge' });
  }

  async rotate(token: string, spec: object = {}): Promise<void> {
    await this.ask({ 'influxaddon.dev/rotate': token }, spec);
  }

  /** The token was acted on, and nothing is left of it. */
  async rotated(token: string): Promise<void> {
    await this.bed.until(
      this.namespace,
      NAME,
      `rotated for ${token}`,
      (addon) =>
        addon.status?.lastHandled?.rotate === token &&
        addon.status.rotation === undefined &&
        condition(addon, 'AppsCurrent')?.status === 'True' &&
        isReady(addon),
    );
  }

  async overlapping(): Promise<void> {
    await this.bed.until(
      this.namespace,
      NAME,
      'overlapping',
      ({ status }) => status?.rotation?.phase === 'Overlapping',
    );
  }

  /**
   * Ends the overlap of an operator that has this clock, as soon as the app has followed and no pod of before is left: how
   * long those take to end is the machine's doing, and they may log in until they have.
   */
  async endOverlap(clock: SteppedClock, watch: LoginWatch, formerUser: string): Promise<void> {
    const { bed, namespace } = this;
    const addon = await bed.until(
      namespace,
      NAME,
      `overlapping with ${formerUser}, with an app that has followed`,
      (each) =>
        each.status?.rotation?.phase === 'Overlapping' &&
        each.status.rotation.formerUser === formerUser &&
        condition(each, 'AppsCurrent')?.status === 'True',
    );
    await watch.meetsOne();
    // What is being worked on has looked at the time before.
    for (const { only, idle } of bed.running) if (only === namespace) await idle();
    const leftMs = Date.parse(addon.status?.rotation?.formerUntil ?? '') - clock.now();
    clock.skip(Math.max(0, leftMs) + LAST_PODS_MS);
  }

  /** Waits until the pod of the database is the one that is wanted, and ready: the machine's time, and not the operator's. */
  async podReplaced(): Promise<void> {
    const { bed, namespace } = this;
    await eventually('the pod of the database', async () => {
      const set = await bed.client.get(StatefulSet, { namespace, name: `${NAME}-influx` });
      const { observedGeneration = 0, currentRevision, updateRevision, readyReplicas } = set?.status ?? {};
      const isSeen = observedGeneration >= (set?.metadata.generation ?? 0);
      return isSeen && currentRevision === updateRevision && readyReplicas === 1;
    });
  }

  /** One user beside the administrator; the former passwords work no more, and nobody's of the Secrets is refused. */
  async expectRotated(before: Credentials): Promise<Credentials> {
    const { bed, namespace } = this;
    const now = await this.credentials();
    expect(now.password).not.toBe(before.password);
    expect(now.admin).not.toBe(before.admin);
    const { id = '' } = (await bed.get(namespace, NAME)).status ?? {};
    const shown = JSON.parse((await queryAsAdmin(bed, namespace, NAME, 'SHOW USERS')).body) as {
      results: [{ series: [{ values: [string, boolean][] }] }];
    };
    expect(new Map(shown.results[0].series[0].values)).toEqual(
      new Map([
        ['admin', true],
        [now.username, false],
      ]),
    );
    expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW MEASUREMENTS')).status).toBe(200);
    const secret = await this.secret('-admin');
    expect(secret['rotation']).toBeUndefined();
    expect(JSON.stringify(secret)).not.toContain(before.password);
    expect(JSON.stringify(secret)).not.toContain(before.admin);
    expect(await this.isRefused(before.username, before.password)).toBe(true);
    expect(await this.isRefused('admin', before.admin)).toBe(true);
    const { INFLUX_URL = '' } = await this.secret('');
    expect(INFLUX_URL).toMatch(new RegExp(`^http://${now.username}:${now.password}@.*/${id}$`));
    return now;
  }

  async isRefused(username: string, password: string): Promise<boolean> {
    const login = { username, password };
    const { status } = await queryAsUser(this.bed, this.namespace, NAME, login, 'SHOW DATABASES');
    return status === 401;
  }

  /** Of the app; it grows by one with each restart. */
  async revision(): Promise<number> {
    const web = await this.bed.client.get(Deployment, { namespace: this.namespace, name: 'web' });
    return Number(web?.metadata.annotations?.['deployment.kubernetes.io/revision']);
  }
}
