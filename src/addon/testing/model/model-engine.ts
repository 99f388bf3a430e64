import assert from 'node:assert/strict';
import { compare } from 'semver';
import type { DatabaseState, Grant, EngineFigures } from '../../../influx/state.ts';
import { seconds } from '../../../influx/duration.ts';
import type { DatabaseAccess } from '../../decision/action.ts';
import { ADMIN_USER } from '../../identity/admin-keys.ts';
import { hashOf } from '../../world/hash.ts';
import type { DatabaseKnowledge, Login, UserLogin } from '../../world/memory.ts';

export interface EngineUser {
  password: string;
  admin: boolean;
  /** What the user may do, by database. */
  grants: Map<string, string>;
}

interface EnginePolicy {
  durationSeconds: number;
  shardDurationSeconds: number;
}

interface EngineDatabase {
  policies: Map<string, EnginePolicy>;
  defaultPolicy: string;
  /** Texts as they are shown, by name. */
  queries: Map<string, string>;
}

/** Part of the name of whatever users make by hand: the operator never drops it. */
export const BY_HAND = 'by-hand';

/** What is on one volume: users with their passwords and rights, databases with what they hold beside points. */
export class ModelEngine {
  readonly users = new Map<string, EngineUser>();
  readonly databases = new Map<string, EngineDatabase>();
  /** What the application has written. */
  figures: EngineFigures = { series: 0, shards: 0, dataBytes: 0, heapBytes: 0, logErrors: 0 };
  /** The newest version that has opened the data. */
  openedBy: string | undefined;
  /** Users to whose login it does not answer in time. */
  deaf: ReadonlySet<string> = new Set();
  /** Nothing that a start does lets the administrator in, as when its users cannot be written. */
  incurable = false;
  /** Told after every statement that was carried out. */
  onChange = (): void => {};

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
    // It counts from its start, and writes again to what it could not write.
    this.figures = { ...this.figures, logErrors: 0 };
    if (!this.incurable) this.users.set(ADMIN_USER, { password, admin: true, grants: new Map() });
    return true;
  }

  ask(access: DatabaseAccess): DatabaseKnowledge['answer'] {
    const { id, username, password, adminPassword, rotation, users = {} } = access;
    const present = this.#isAdmin(adminPassword);
    if (!present && !this.#isAdmin(rotation?.adminPassword))
      return { ok: false, kind: 'Unauthorized', message: 'authorization failed' };
    const logins = Object.entries(users).flatMap(([name, each]): [string, UserLogin][] => {
      const login = this.deaf.has(name) ? 'Unknown' : this.#login(name, each);
      return login === 'Unknown' && !this.users.has(name)
        ? []
        : [[name, { login, mark: hashOf(each), atMs: 0 }]];
    });
    const others = [...(rotation === undefined ? [] : [rotation.username]), ...Object.keys(users)];
    return {
      ok: true,
      state: this.#state(id, username, others),
      logins: Object.fromEntries(logins),
      login: this.#login(username, password),
      ...(rotation === undefined ? {} : { otherLogin: this.#login(rotation.username, rotation.password) }),
      ...(present ? {} : { administrator: 'Other' }),
    };
  }

  /** Returns whether the statement was carried out. */
  change(access: DatabaseAccess, { statement }: { readonly statement: string }): boolean {
    if (!this.#isAdmin(access.adminPassword) && !this.#isAdmin(access.rotation?.adminPassword)) return false;
    const [name = '', second = ''] = [...statement.matchAll(/"(.*?)"/g)].map((match) => match[1] ?? '');
    const password = /'(.*)'/.exec(statement)?.[1] ?? '';
    if (statement.startsWith('DROP')) assert(!name.includes(BY_HAND), `${name} is not the operator's`);
    if (statement.startsWith('CREATE DATABASE')) this.databases.set(name, newDatabase());
    else if (statement.startsWith('CREATE USER'))
      this.users.set(name, { password, admin: false, grants: new Map() });
    else if (statement.startsWith('DROP USER')) this.users.delete(name);
    else if (statement.startsWith('SET PASSWORD')) this.#user(name).password = password;
    else if (statement.startsWith('REVOKE ALL PRIVILEGES')) this.#user(name).admin = false;
    else if (statement.startsWith('GRANT')) this.#grant(statement, name, second);
    else if (statement.includes('RETENTION POLICY')) this.#policy(statement, name, second);
    else if (statement.includes('CONTINUOUS QUERY')) this.#query(statement, name, second);
    else throw new Error(`the model does not know the statement ${statement}`);
    this.onChange();
    return true;
  }

  /** There is the query that the statement would make, to the letter. */
  holds(id: string, statement: string): boolean {
    const name = /"(.*?)"/.exec(statement)?.[1] ?? '';
    const database = this.databases.get(id);
    return database?.queries.get(name) === `${database?.defaultPolicy}: ${statement}`;
  }

  #grant(statement: string, database: string, user: string): void {
    const privilege = statement.split(' ')[1] ?? '';
    this.#user(user).grants.set(database, privilege === 'ALL' ? 'ALL PRIVILEGES' : privilege);
  }

  #policy(statement: string, name: string, on: string): void {
    const database = this.databases.get(on);
    if (database === undefined) return;
    if (statement.startsWith('DROP')) {
      database.policies.delete(name);
      return;
    }
    const duration = / DURATION (\w+) REPLICATION/.exec(statement)?.[1];
    const shards = /SHARD DURATION (\w+)/.exec(statement)?.[1];
    if (duration !== undefined && shards !== undefined)
      database.policies.set(name, {
        durationSeconds: duration === 'INF' ? 0 : seconds(duration),
        shardDurationSeconds: seconds(shards),
      });
    if (statement.endsWith('DEFAULT')) database.defaultPolicy = name;
  }

  #query(statement: string, name: string, on: string): void {
    const database = this.databases.get(on);
    if (statement.startsWith('DROP')) database?.queries.delete(name);
    // Shown in other words than it was made with, which depend on the default policy of that moment.
    else if (database?.queries.has(name) === false)
      database.queries.set(name, `${database.defaultPolicy}: ${statement}`);
  }

  /** Why a point cannot be written as the application's user; undefined when it can. */
  probe({ id, username, password }: DatabaseAccess): string | undefined {
    const user = this.users.get(username);
    if (user?.password !== password) return 'authorization failed';
    if (!user.grants.has(id)) return 'not authorized to write';
    const { policies, defaultPolicy = '' } = this.databases.get(id) ?? {};
    return policies?.has(defaultPolicy) === true ? undefined : 'no default retention policy';
  }

  dropDatabase(name: string): void {
    this.databases.delete(name);
    for (const user of this.users.values()) user.grants.delete(name);
  }

  #login(username: string, password: string | undefined): Login {
    const user = this.users.get(username);
    if (user === undefined || password === undefined) return 'Unknown';
    return user.password === password ? 'Accepted' : 'Refused';
  }

  #grants(username: string): Grant[] {
    const grants = [...(this.users.get(username)?.grants ?? [])];
    return grants.map(([database, privilege]) => ({ database, privilege }));
  }

  #state(id: string, username: string, others: readonly string[]): DatabaseState {
    const database = this.databases.get(id);
    const there = others.filter((name) => this.users.has(name));
    return {
      databases: [...this.databases.keys()],
      users: [...this.users].map(([name, { admin }]) => ({ name, admin })),
      grants: this.#grants(username),
      otherGrants: Object.fromEntries(there.map((name) => [name, this.#grants(name)])),
      retentionPolicies: [...(database?.policies ?? [])].map(([name, policy]) => ({
        name,
        ...policy,
        default: name === database?.defaultPolicy,
      })),
      continuousQueries: [...(database?.queries ?? [])].map(([name, query]) => ({ name, query })),
    };
  }

  #isAdmin(password: string | undefined): boolean {
    const admin = this.users.get(ADMIN_USER);
    return password !== undefined && admin?.admin === true && admin.password === password;
  }

  #user(name: string): EngineUser {
    const user = this.users.get(name);
    assert(user !== undefined, `user ${name} does not exist`);
    return user;
  }
}

function newDatabase(): EngineDatabase {
  const autogen = { durationSeconds: 0, shardDurationSeconds: 604_800 };
  return { policies: new Map([['autogen', autogen]]), defaultPolicy: 'autogen', queries: new Map() };
}
