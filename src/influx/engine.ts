import type { Credentials } from './credentials.ts';
import type { EngineLifecycle, PlanSize } from './pod-parts.ts';
import type { DatabaseState, DatabaseStep, EngineActivity, EngineFigures, Growing, Shard } from './state.ts';
import type { InfluxEndpoint, InfluxTransport } from './transport.ts';

/** One generation of InfluxDB: what its pod is made of, how it is spoken to, and what it is told. */
export interface Engine {
  readonly pod: EnginePod;
  /** As one user, or as nobody. Nothing is sent before the first question. */
  connect(options: ConnectOptions): EngineSession;
  readonly statements: EngineStatements;
}

export interface ConnectOptions {
  readonly transport: InfluxTransport;
  readonly endpoint: InfluxEndpoint;
  readonly credentials?: Credentials;
  /** For one request and its whole answer, milliseconds. */
  readonly timeoutMs: number;
}

export interface EnginePod {
  /** The command of the step before the server, which makes or heals the administrator. */
  readonly bootstrapCommand: readonly string[];
  /** Its environment, by the version that it is to open the data with. */
  bootstrapEnvironment(version: string): Record<string, string>;
  /** The files that it reads from the admin Secret, by name. Contains the password. */
  adminFiles(administrator: Credentials): Record<string, string>;
  /** Of the server itself. */
  readonly command: readonly string[];
  environment(
    plan: PlanSize,
    options: { readonly version: string; readonly tls: boolean },
  ): Record<string, string>;
  lifecycle(options: { readonly tls: boolean }): EngineLifecycle;
}

/** Every method throws InfluxError, whose message never holds a password; `signal` ends it early. */
export interface EngineSession {
  /** Throws with kind Unauthorized when this user may not come in. */
  login(signal: AbortSignal): Promise<void>;
  /** One statement, as a request of its own. */
  run(statement: string, signal: AbortSignal): Promise<void>;
  /** `others`: further users whose grants are asked for. */
  readDatabase(
    which: { readonly id: string; readonly username?: string; readonly others?: readonly string[] },
    signal: AbortSignal,
  ): Promise<DatabaseState>;
  readFigures(database: string, signal: AbortSignal): Promise<EngineFigures>;
  /** One request like `readFigures`, for administrators. */
  readActivity(database: string, signal: AbortSignal): Promise<EngineActivity>;
  readShards(database: string, signal: AbortSignal): Promise<Shard[]>;
  findGrowing(database: string, signal: AbortSignal): Promise<Growing>;
  /** Writes one point, reads it back and drops it. */
  probe(database: string, signal: AbortSignal): Promise<void>;
}

/** What a database and its users should be. */
export interface DatabaseWish {
  /** Name of the database. */
  readonly id: string;
  /** Of the application; default `id`. */
  readonly username?: string;
  readonly password: string;
  /** The user was seen to log in with this password; otherwise it is set. */
  readonly passwordKnownGood: boolean;
  /** It may read and not write; default false. */
  readonly readOnly?: boolean;
}

export interface OtherUserWish {
  readonly username: string;
  /** Undefined for one whose password nobody knows: it is kept as it is, and not made. */
  readonly password: string | undefined;
  readonly passwordKnownGood: boolean;
  readonly database: string;
  readonly readOnly: boolean;
}

/** Statements as they are sent, in their order; each may run again. Pure. */
export interface EngineStatements {
  /** Until the database, its user and the grant are right; none when they are. */
  towards(state: DatabaseState, wish: DatabaseWish): DatabaseStep[];
  /** The same for the application's other user, while credentials are changed. */
  towardsUser(state: DatabaseState, wish: OtherUserWish): DatabaseStep[];
  dropUser(username: string): DatabaseStep;
  setAdminPassword(username: string, password: string): DatabaseStep;
  /** Leaves a user that may write to the database what it may read of it; nothing for one that may not write. */
  withoutWrites(state: DatabaseState, database: string, username: string): DatabaseStep[];
}
