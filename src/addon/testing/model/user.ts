import { Annotation } from '../../../api/annotations.ts';
import type { InfluxAddon, InfluxAddonSpec } from '../../../api/influx-addon.ts';
import type { KubeObject } from '../../../kube/objects/types.ts';
import { ADMIN_USER } from '../../identity/admin-keys.ts';
import { childNames } from '../../world/names.ts';
import { appOf } from '../apps.ts';
import { NAMESPACE } from '../fixtures.ts';
import { isImmutable, type ModelApi, type Stored } from './model-api.ts';
import { BY_HAND, type EngineUser, type ModelEngine } from './model-engine.ts';
import { KEPT_VOLUME, type ModelNode } from './model-node.ts';
import { edited } from './obstacles.ts';

/** Children that users delete and edit; the volume claim is not among them. */
export const DAMAGEABLE = [
  'adminSecret',
  'urlSecret',
  'bindingSecret',
  'service',
  'statefulSet',
  'networkPolicy',
] as const;
export type Damageable = (typeof DAMAGEABLE)[number];

const KIND_OF = {
  adminSecret: 'Secret',
  urlSecret: 'Secret',
  bindingSecret: 'Secret',
  service: 'Service',
  statefulSet: 'StatefulSet',
  networkPolicy: 'NetworkPolicy',
} as const satisfies Record<Damageable, string>;

export type FreezableSecret = Extract<Damageable, `${string}Secret`> | 'adminCopy';

export type DatabaseDamage =
  | 'DropAdministrator'
  | 'DropDatabase'
  | 'DropUser'
  | 'ChangePassword'
  | 'RevokeGrant'
  | 'MakeAdministrator'
  | 'DropDefaultPolicy'
  | 'FillVolume'
  | 'OverfillVolume'
  | 'AddSeries'
  | 'DropContents'
  | 'ChangeContents'
  | 'MakeByHand';

export type AppEvent = 'Reapply' | 'Change' | 'Delete' | 'Create';

/** What people do to an addon, its children, its database and its app. */
export class User {
  readonly #api: ModelApi;
  readonly #node: ModelNode;
  readonly #addonName: string;
  #releases = 0;

  constructor(api: ModelApi, node: ModelNode, addonName: string) {
    this.#api = api;
    this.#node = node;
    this.#addonName = addonName;
  }

  edit(change: Partial<InfluxAddonSpec>): void {
    this.#api.change('InfluxAddon', this.#addonName, (object) => {
      const addon = object as Stored & InfluxAddon;
      return { ...addon, spec: { ...addon.spec, ...change } };
    });
  }

  rotate(token: string): void {
    this.#api.change('InfluxAddon', this.#addonName, (object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        annotations: { ...object.metadata.annotations, [Annotation.rotate]: token },
      },
    }));
  }

  deleteClaim(): void {
    this.#api.remove('PersistentVolumeClaim', childNames(this.#addonName).claim);
  }

  /** The volume of a claim that is gone is bound again, as Stalled says how to. */
  bindVolumeAgain(): void {
    const { claim } = childNames(this.#addonName);
    const id = this.#api.get<InfluxAddon>('InfluxAddon', this.#addonName)?.status?.id;
    if (id === undefined || this.#api.get('PersistentVolumeClaim', claim) !== undefined) return;
    const metadata = { name: claim, namespace: NAMESPACE, annotations: { 'influxaddon.dev/id': id } };
    const resources = { requests: { storage: '20Gi' } };
    const spec = { volumeName: KEPT_VOLUME, accessModes: ['ReadWriteOncePod' as const], resources };
    this.#api.create('PersistentVolumeClaim', { metadata, spec } as KubeObject);
  }

  /** Gives up the data that Stalled says is lost, or about to be, in its words. */
  giveUpData(): void {
    this.#api.change('InfluxAddon', this.#addonName, (object) => {
      const addon = object as Stored & InfluxAddon;
      const stalled = addon.status?.conditions?.find(({ type }) => type === 'Stalled');
      const token = stalled?.message.match(/start-empty: "([^"]+)"/)?.[1];
      if (stalled?.status !== 'True' || token === undefined) return object;
      const annotations = { ...object.metadata.annotations, [Annotation.startEmpty]: token };
      return { ...object, metadata: { ...object.metadata, annotations } };
    });
  }

  deleteAddon(): void {
    this.#api.remove('InfluxAddon', this.#addonName);
  }

  removeChild(child: Damageable): void {
    this.#api.remove(KIND_OF[child], childNames(this.#addonName)[child]);
  }

  /** Overwrites one value of a Secret, or changes the spec. */
  editChild(child: Damageable, draw: number): void {
    this.#api.change(KIND_OF[child], childNames(this.#addonName)[child], (object) =>
      isImmutable(object) ? object : edited(object, draw),
    );
  }

  /** `kubectl patch -p '{"immutable": true}'`, which nobody can take back. */
  freeze(secret: FreezableSecret): void {
    const name = childNames(this.#addonName)[secret];
    this.#api.change('Secret', name, (object) => ({ ...object, immutable: true }));
  }

  damageDatabase(how: DatabaseDamage): void {
    const engine = this.#node.answering();
    if (engine !== undefined) damage(engine, how);
  }

  app(event: AppEvent): void {
    const present = this.#api.get('Deployment', 'web');
    if (event === 'Delete') this.#api.remove('Deployment', 'web');
    if (event === 'Change') this.#releases += 1;
    const { spec, metadata, kind } = appOf([{ name: 'web', image: `web:${this.#releases}` }]);
    if (event === 'Create' && present === undefined)
      this.#api.create(kind ?? '', { metadata: { name: metadata.name }, spec } as Stored);
    if (event === 'Reapply' || event === 'Change')
      this.#api.change('Deployment', 'web', (object) => ({ ...object, spec }));
  }
}

function damage(engine: ModelEngine, how: DatabaseDamage): void {
  // Only the application's user has an underscore in its name.
  const id = [...engine.users.keys()].find((name) => name.includes('_'));
  const user: EngineUser | undefined = engine.users.get(id ?? '');
  switch (how) {
    case 'DropAdministrator':
      engine.users.delete(ADMIN_USER);
      break;
    case 'DropDatabase':
      for (const name of engine.databases.keys()) engine.dropDatabase(name);
      break;
    case 'DropUser':
      engine.users.delete(id ?? '');
      break;
    case 'ChangePassword':
      if (user) user.password = 'changed-by-somebody-0123456789';
      break;
    case 'RevokeGrant':
      user?.grants.clear();
      break;
    case 'MakeAdministrator':
      if (user) user.admin = true;
      break;
    case 'FillVolume':
      engine.figures = { ...engine.figures, dataBytes: engine.figures.dataBytes + 9 * 2 ** 30 };
      break;
    case 'OverfillVolume': {
      const { dataBytes, logErrors } = engine.figures;
      engine.figures = { ...engine.figures, dataBytes: dataBytes + 9 * 2 ** 30, logErrors: logErrors + 1 };
      break;
    }
    case 'AddSeries':
      engine.figures = { ...engine.figures, series: engine.figures.series + 45_000 };
      break;
    case 'DropDefaultPolicy':
      for (const { policies, defaultPolicy } of engine.databases.values()) policies.delete(defaultPolicy);
      break;
    case 'DropContents':
      for (const { policies, queries } of engine.databases.values()) {
        policies.clear();
        queries.clear();
      }
      for (const name of engine.users.keys())
        if (name !== ADMIN_USER && !name.includes('_')) engine.users.delete(name);
      break;
    case 'ChangeContents':
      for (const { policies, queries } of engine.databases.values()) {
        for (const policy of policies.values()) policy.durationSeconds = 7_200;
        for (const name of queries.keys()) queries.set(name, 'another one');
      }
      for (const [name, other] of engine.users) {
        if (name === ADMIN_USER || name.includes('_')) continue;
        other.password = 'changed-by-somebody-0123456789';
        other.admin = true;
      }
      break;
    case 'MakeByHand':
      for (const { policies, queries } of engine.databases.values()) {
        policies.set(BY_HAND, { durationSeconds: 3_600, shardDurationSeconds: 3_600 });
        queries.set(BY_HAND, 'made by the application');
      }
      engine.users.set(BY_HAND, { password: 'known-to-somebody', admin: false, grants: new Map() });
      break;
  }
}
