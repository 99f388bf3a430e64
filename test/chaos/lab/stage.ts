import { setTimeout as delay } from 'node:timers/promises';
import type { InfluxAddonSpec } from '../../../src/api/influx-addon.ts';
import type { InfluxPlanSpec } from '../../../src/api/influx-plan.ts';
import type { InfluxBackupSpec } from '../../../src/api/influx-backup.ts';
import {
  InfluxAddon,
  InfluxBackup,
  InfluxBackupStore,
  InfluxPlan,
  InfluxRestore,
  InfluxVersion,
} from '../../../src/api/kinds.ts';
import { plans } from '../../../src/api/catalogue.ts';
import type { Kind } from '../../../src/kube/objects/kinds.ts';
import * as kinds from '../../../src/kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../../src/kube/objects/types.ts';
import { appOf } from '../../integration/app.ts';
import type { FakeStore } from '../../integration/fake-store.ts';
import { closedWindow, openWindow } from '../../integration/windows.ts';
import { PATIENCE_MS } from '../../patience.ts';
import { asAdministrator, writeAsApp } from './database.ts';
import { RECORDED } from './recorder.ts';
import type { Lab } from './lab.ts';
import { RUN_LABEL } from './scoped-transport.ts';

export const ADDON = 'my-app';
/** One for all runs, so that their ends can be compared. */
const CLOSED = closedWindow();
export const OPEN = openWindow();

export const STORE = 'nightly';
export const BACKUP = 'mine';
export const RESTORE = 'back';
/** Backups when somebody asks for them, and before an upgrade. */
export const BY_HAND = { storeRef: { name: STORE }, schedule: { mode: 'Disabled' } } as const;

export const INJECTED = [{ name: 'web', env: 'Inject' }] as const;

/** Names in the catalogue that only one run has. */
export const ownPlan = (number: number): string => `own-plan-${number}`;
export const ownPatch = (number: number): string => `1.8.${1_000 + (number % 9_000)}`;

/** What the run can do for its scenario. */
export interface StageHost {
  readonly lab: Lab;
  readonly namespace: string;
  settle(what: string, done?: () => boolean): Promise<void>;
  advance(ms: number): void;
  /** How many requests databases got from the operator. */
  asked(): number;
  /** Draws a number that no other run of this campaign has. */
  readonly number: number;
}

/** What a user of the API can do in the namespace of one run. */
export class Stage {
  readonly #host: StageHost;

  constructor(host: StageHost) {
    this.#host = host;
  }

  get namespace(): string {
    return this.#host.namespace;
  }

  get lab(): Lab {
    return this.#host.lab;
  }

  /** An application of one replica. */
  async app(name = 'web'): Promise<void> {
    await this.create(kinds.Deployment, appOf(this.namespace, name));
  }

  async addon(spec: Partial<InfluxAddonSpec> = {}, name = ADDON): Promise<void> {
    await this.create(InfluxAddon, {
      metadata: { name },
      spec: { plan: '512m', maintenanceWindow: CLOSED, ...spec },
    });
  }

  /** Merges into the spec; null removes a field. */
  async edit(spec: Record<string, unknown>, name = ADDON): Promise<void> {
    await this.patch(InfluxAddon, name, { spec });
  }

  async annotate(annotations: Record<string, string | null>, name = ADDON): Promise<void> {
    await this.patch(InfluxAddon, name, { metadata: { annotations } });
  }

  async patch<T extends KubeObject>(kind: Kind<T>, name: string, body: object): Promise<void> {
    await this.#heard(
      kind,
      await this.lab.client.patch(kind, this.#key(kind, name), body, { type: 'merge' }),
    );
  }

  async delete<T extends KubeObject>(
    kind: Kind<T>,
    name: string,
    propagationPolicy: 'Background' | 'Orphan' = 'Background',
  ): Promise<void> {
    const uid = this.seen(kind, name)?.metadata.uid;
    await this.lab.client.delete(kind, this.#key(kind, name), { propagationPolicy });
    await this.#until(`the deletion of ${kind.kind} ${name}`, () => {
      const live = this.seen(kind, name);
      return live?.metadata.uid !== uid || live?.metadata.deletionTimestamp !== undefined;
    });
  }

  async create<T extends KubeObject>(kind: Kind<T>, object: T): Promise<void> {
    const metadata = { ...object.metadata, namespace: this.namespace };
    await this.#heard(kind, await this.lab.client.create(kind, { ...object, metadata }));
  }

  /** As the watch told it last. */
  seen<T extends KubeObject>(kind: Kind<T>, name: string): Live<T> | undefined {
    return this.lab.recorder.get(kind, this.namespace, name);
  }

  /** As the API server has it now. */
  async live<T extends KubeObject>(kind: Kind<T>, name: string): Promise<Live<T>> {
    const live = await this.lab.client.get(kind, this.#key(kind, name));
    if (live === undefined) throw new Error(`${kind.kind} ${name} does not exist`);
    return live;
  }

  /** A plan for this run alone, made from one of the catalogue; its name. */
  async plan(
    from: string,
    change: (spec: InfluxPlanSpec) => InfluxPlanSpec = (spec) => spec,
  ): Promise<string> {
    const spec = plans.find(({ metadata }) => metadata?.name === from)?.spec;
    if (spec === undefined) throw new Error(`the catalogue has no plan ${from}`);
    const name = ownPlan(this.#host.number);
    const metadata = { name, labels: { [RUN_LABEL]: this.namespace } };
    await this.lab.client.create(InfluxPlan, { metadata, spec: change(spec) });
    return name;
  }

  /** A new patch of 1.8 for this run alone; its name. */
  async patchVersion(): Promise<string> {
    const name = ownPatch(this.#host.number);
    const metadata = { name, labels: { [RUN_LABEL]: this.namespace } };
    const spec = { image: `influxdb:${name}`, lifecycle: 'Available' } as const;
    await this.lab.client.create(InfluxVersion, { metadata, spec });
    return name;
  }

  async asAdministrator(statement: string, name = ADDON): Promise<string> {
    return await asAdministrator(this.lab, this.namespace, name, statement);
  }

  /** A point of that measurement, as the application writes it. */
  async write(measurement: string, name = ADDON): Promise<void> {
    await writeAsApp(this.lab, this.namespace, name, measurement);
  }

  /** A store that backups go to; what its Jobs do is `jobs`. */
  async store(): Promise<void> {
    await this.create(InfluxBackupStore, {
      metadata: { name: STORE },
      spec: {
        s3: { endpoint: 'https://s3.example.com', bucket: 'all', credentialsRef: { name: 'credentials' } },
      },
    });
  }

  async backup(spec: Partial<InfluxBackupSpec> = {}, name = BACKUP): Promise<void> {
    await this.create(InfluxBackup, { metadata: { name }, spec: { addonRef: { name: ADDON }, ...spec } });
  }

  /** Puts what is in the backup in the place of what is in the database. */
  async restore(): Promise<void> {
    const overwrite = this.seen(InfluxAddon, ADDON)?.status?.id ?? '';
    await this.create(InfluxRestore, {
      metadata: { name: RESTORE },
      spec: { backupRef: { name: BACKUP }, addonRef: { name: ADDON }, overwrite },
    });
  }

  /** The run's own store, and how its Jobs end. */
  get jobs(): FakeStore {
    return this.lab.stores.of(this.namespace);
  }

  /** Edits the plan of this run. */
  async editPlan(spec: Partial<InfluxPlanSpec>): Promise<void> {
    await this.patch(InfluxPlan, ownPlan(this.#host.number), { spec });
  }

  async deleteNamespace(): Promise<void> {
    await this.lab.client.delete(kinds.Namespace, { name: this.namespace });
  }

  /** Nothing that is recorded is left in the namespace. */
  get isEmpty(): boolean {
    return this.lab.recorder.objects(this.namespace).size === 0;
  }

  /** Until the operator has asked the database again. */
  async untilAsked(): Promise<void> {
    const asked = this.#host.asked();
    await this.#until('a question to the database', () => this.#host.asked() > asked);
  }

  /** Waits until everything is as asked for, or until `done`. */
  async settled(what = 'as asked for', done?: () => boolean): Promise<void> {
    await this.#host.settle(what, done);
  }

  /** Time goes by. */
  advance(ms: number): void {
    this.#host.advance(ms);
  }

  /** Until the recorder has heard of it too: what is decided from it must not be decided too early. */
  async #heard<T extends KubeObject>(kind: Kind<T>, { metadata }: Live<T>): Promise<void> {
    if (!RECORDED.some((each) => each.kind === kind.kind)) return;
    const version = Number(metadata.resourceVersion);
    await this.#until(`the change of ${kind.kind} ${metadata.name}`, () => {
      const seen = this.seen(kind, metadata.name);
      return seen === undefined
        ? this.lab.recorder.hasEnded(this.namespace, metadata.uid)
        : Number(seen.metadata.resourceVersion) >= version;
    });
  }

  async #until(what: string, is: () => boolean): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (performance.now() < end) {
      if (is()) return;
      await delay(5);
    }
    throw new Error(`the recorder has not heard of ${what}`);
  }

  #key<T extends KubeObject>(kind: Kind<T>, name: string) {
    return kind.namespaced ? { namespace: this.namespace, name } : { name };
  }
}
