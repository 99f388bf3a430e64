import assert from 'node:assert/strict';
import { compare } from 'semver';
import type { DatabaseState, DatabaseStep } from '../../../influx/database.ts';
import type { DatabaseAccess } from '../../action.ts';
import { ADMIN_USER } from '../../facts.ts';
import type { DatabaseKnowledge } from '../../world.ts';

export interface EngineUser {
  password: string;
  admin: boolean;
  grants: Set<string>;
}

/** What is on one volume: users with their passwords, databases with their default retention policy. */
export class ModelEngine {
  readonly users = new Map<string, EngineUser>();
  readonly databases = new Map<string, { defaultPolicy: boolean }>();
  /** The newest version that has opened the data. */
  openedBy: string | undefined;

  /**
   * A start of a pod: opens the data, and makes or heals the administrator by the statements of the Secret. False
   * when these are not valid: then the first container fails, and is tried again with what the Secret holds later.
   */
  start(version: string, healStatements: string): boolean {
    const password = /SET PASSWORD FOR "admin" = '(.*?)'/.exec(healStatements)?.[1];
    if (password === undefined) return false;
    if (this.openedBy !== undefined)
      assert(compare(version, this.openedBy) >= 0, `${version} opened data of ${this.openedBy}`);
    this.openedBy = version;
    this.users.set(ADMIN_USER, { password, admin: true, grants: new Set() });
    return true;
  }

  ask(access: DatabaseAccess): DatabaseKnowledge['answer'] {
    if (!this.#isAdmin(access)) return { ok: false, kind: 'Unauthorized', message: 'authorization failed' };
    const user = this.users.get(access.id);
    const login = user === undefined ? 'Unknown' : user.password === access.password ? 'Accepted' : 'Refused';
    return { ok: true, state: this.#state(access.id), login };
  }

  /** Returns whether the statement was carried out. */
  change(access: DatabaseAccess, { statement }: DatabaseStep): boolean {
    if (!this.#isAdmin(access)) return false;
    const [name = '', second = ''] = [...statement.matchAll(/"(.*?)"/g)].map((match) => match[1] ?? '');
    const password = /'(.*)'/.exec(statement)?.[1] ?? '';
    if (statement.startsWith('CREATE DATABASE')) this.databases.set(name, { defaultPolicy: true });
    else if (statement.startsWith('CREATE USER'))
      this.users.set(name, { password, admin: false, grants: new Set() });
    else if (statement.startsWith('SET PASSWORD')) this.#user(name).password = password;
    else if (statement.startsWith('REVOKE ALL PRIVILEGES')) this.#user(name).admin = false;
    else if (statement.startsWith('GRANT ALL ON')) this.#user(second).grants.add(name);
    else if (/RETENTION POLICY .* DEFAULT/.test(statement))
      this.databases.set(second, { defaultPolicy: true });
    else throw new Error(`the model does not know the statement ${statement}`);
    return true;
  }

  /** Why a point cannot be written as the application's user; undefined when it can. */
  probe({ id, password }: DatabaseAccess): string | undefined {
    const user = this.users.get(id);
    if (user?.password !== password) return 'authorization failed';
    if (!user.grants.has(id)) return 'not authorized to write';
    return this.databases.get(id)?.defaultPolicy === true ? undefined : 'no default retention policy';
  }

  dropDatabase(name: string): void {
    this.databases.delete(name);
    for (const user of this.users.values()) user.grants.delete(name);
  }

  #state(id: string): DatabaseState {
    const database = this.databases.get(id);
    const policy = { name: 'autogen', durationSeconds: 0, shardDurationSeconds: 604_800 };
    return {
      databases: [...this.databases.keys()],
      users: [...this.users].map(([name, { admin }]) => ({ name, admin })),
      grants: [...(this.users.get(id)?.grants ?? [])].map((name) => ({
        database: name,
        privilege: 'ALL PRIVILEGES',
      })),
      retentionPolicies: database ? [{ ...policy, default: database.defaultPolicy }] : [],
      continuousQueries: [],
    };
  }

  #isAdmin({ adminPassword }: DatabaseAccess): boolean {
    const admin = this.users.get(ADMIN_USER);
    return admin?.admin === true && admin.password === adminPassword;
  }

  #user(name: string): EngineUser {
    const user = this.users.get(name);
    assert(user !== undefined, `user ${name} does not exist`);
    return user;
  }
}
