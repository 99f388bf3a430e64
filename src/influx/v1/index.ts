import type { Engine, EngineSession, EngineStatements } from '../engine.ts';
import type { DatabaseState, DatabaseStep, Grant } from '../state.ts';
import { adminStatements, BOOTSTRAP_SCRIPT, bootstrapEnvironment } from './bootstrap.ts';
import { BOOTSTRAP_VERSION } from './bootstrap-script.ts';
import { InfluxClient } from './client.ts';
import { planDatabase, readDatabase } from './database.ts';
import { readActivity, readFigures } from './figures.ts';
import { findGrowing } from './growing.ts';
import * as influxql from './influxql.ts';
import { engineParameters } from './parameters.ts';
import { engineLifecycle } from './probes.ts';
import { probeWrite } from './probe-write.ts';
import { readShards } from './shards.ts';
import { planUser } from './user.ts';

/** InfluxDB 1.x. */
export const V1: Engine = {
  pod: {
    bootstrapCommand: ['sh', '-c', BOOTSTRAP_SCRIPT],
    bootstrapEnvironment: (version) => ({ ...bootstrapEnvironment(), [BOOTSTRAP_VERSION]: version }),
    adminFiles: (administrator) => ({ ...adminStatements(administrator) }),
    command: ['influxd'],
    environment: (plan, options) => ({ HOME: '/tmp', ...engineParameters(plan, options) }),
    lifecycle: engineLifecycle,
  },
  connect: ({ transport, endpoint, credentials, timeoutMs }) =>
    sessionOf(new InfluxClient(transport, endpoint, credentials, { timeoutMs })),
  statements: statementsOf1x(),
};

function sessionOf(client: InfluxClient): EngineSession {
  return {
    login: async (signal) => void (await client.query(influxql.showDatabases, { signal })),
    run: async (statement, signal) => void (await client.one(statement, { signal })),
    readDatabase: (which, signal) => readDatabase(client, which, signal),
    readFigures: (database, signal) => readFigures(client, database, signal),
    readActivity: (database, signal) => readActivity(client, database, signal),
    readShards: (database, signal) => readShards(client, database, signal),
    findGrowing: (database, signal) => findGrowing(client, database, signal),
    probe: (database, signal) => probeWrite(client, database, undefined, signal),
  };
}

function statementsOf1x(): EngineStatements {
  const plain = (what: DatabaseStep['what'], statement: string): DatabaseStep => ({
    what,
    statement,
    secret: false,
  });
  return {
    towards: planDatabase,
    towardsUser: (state, wish) => {
      const user = state.users.find(({ name }) => name === wish.username);
      return planUser({ user, grants: grantsOf(state, wish.database, wish.username) }, wish);
    },
    dropUser: (username) => plain('DropUser', influxql.dropUser(username)),
    setAdminPassword: (username, password) => ({
      what: 'SetAdminPassword',
      statement: influxql.setPassword(username, password),
      secret: true,
    }),
    withoutWrites: (state, database, username) => {
      const grants = ownGrants(state, username);
      switch (grants.find((grant) => grant.database === database)?.privilege) {
        case 'ALL PRIVILEGES':
          return [plain('Grant', influxql.grant('READ', database, username))];
        case 'WRITE':
          return [plain('Revoke', influxql.revokeAll(database, username))];
        default:
          return [];
      }
    },
  };
}

/** None when the database is missing: dropping it takes its grants along, whatever SHOW GRANTS said before. */
function grantsOf(state: DatabaseState, database: string, username: string): readonly Grant[] {
  return state.databases.includes(database) ? ownGrants(state, username) : [];
}

function ownGrants({ otherGrants = {} }: DatabaseState, username: string): readonly Grant[] {
  return Object.hasOwn(otherGrants, username) ? (otherGrants[username] ?? []) : [];
}
