import type { InfluxAddon, InfluxAddonSpec } from '../../../api/influx-addon.ts';
import { ADMIN_USER } from '../../facts.ts';
import { childNames } from '../../names.ts';
import { appOf } from '../apps.ts';
import type { ModelApi, Stored } from './model-api.ts';
import type { ModelEngine, EngineUser } from './model-engine.ts';
import type { ModelNode } from './model-node.ts';

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

export type DatabaseDamage =
  | 'DropAdministrator'
  | 'DropDatabase'
  | 'DropUser'
  | 'ChangePassword'
  | 'RevokeGrant'
  | 'MakeAdministrator'
  | 'DropDefaultPolicy';

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

  deleteAddon(): void {
    this.#api.remove('InfluxAddon', this.#addonName);
  }

  removeChild(child: Damageable): void {
    this.#api.remove(KIND_OF[child], childNames(this.#addonName)[child]);
  }

  /** Overwrites one value of a Secret, or changes the spec. */
  editChild(child: Damageable, draw: number): void {
    this.#api.change(KIND_OF[child], childNames(this.#addonName)[child], (object) => {
      const { data } = object;
      if (data === undefined) return { ...object, spec: edited(object) };
      const key = Object.keys(data)[draw % Object.keys(data).length] ?? '';
      return { ...object, data: { ...data, [key]: Buffer.from('edited').toString('base64') } };
    });
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

function edited({ kind, spec = {} }: Stored): object {
  if (kind === 'StatefulSet') return { ...spec, replicas: 3 };
  if (kind === 'Service') return { ...spec, ports: [{ name: 'http', port: 1234, protocol: 'TCP' }] };
  return { ...spec, policyTypes: ['Egress'] };
}

function damage(engine: ModelEngine, how: DatabaseDamage): void {
  const id = [...engine.users.keys()].find((name) => name !== ADMIN_USER);
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
    case 'DropDefaultPolicy':
      for (const database of engine.databases.values()) database.defaultPolicy = false;
      break;
  }
}
