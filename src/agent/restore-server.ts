import { setTimeout as sleep } from 'node:timers/promises';
import { ENGINE_EXIT } from '../backup/engine-script.ts';
import type { BackupManifest } from '../backup/manifest.ts';
import { InfluxClient } from '../influx/v1/client.ts';
import { readDatabase } from '../influx/v1/database.ts';
import { InfluxError } from '../influx/influx-error.ts';
import {
  alterRetentionPolicy,
  createDatabase,
  createRetentionPolicy,
  dropRetentionPolicy,
  setDefaultRetentionPolicy,
} from '../influx/v1/influxql.ts';
import { rows } from '../influx/v1/results.ts';
import { listShards } from '../influx/v1/shards.ts';
import type { Dump } from './archive/engine-manifest.ts';
import { leftOut } from './archive/restore-log.ts';
import { countValues, unreachable, type Tally } from './census.ts';
import { renameDatabase } from './continuous-query.ts';
import { Engine, engineFailed } from './engine.ts';
import type { JobContext } from './job/job-context.ts';
import { JobError } from './job/job-error.ts';

const POLL_MS = 100;
/** An engine on an empty volume is up in a moment. */
const START_POLL_MS = 20;
/** The tool is content before the shards are open. */
const SETTLING_MS = 120_000;
const QUERY_MS = 30 * 60_000;

type Policies = BackupManifest['database']['retentionPolicies'];

/** The engine in the Job's pod, on the volume that is filled: loopback only, without authentication. */
export class RestoreServer {
  /** An earlier run has filled the volume from the same backup. */
  readonly filledBefore: boolean;
  readonly #context: JobContext;
  readonly #engine: Engine;
  readonly #client: InfluxClient;
  readonly #token: string;

  private constructor(context: JobContext, engine: Engine, token: string, filledBefore: boolean) {
    this.#context = context;
    this.#engine = engine;
    this.#token = token;
    this.filledBefore = filledBefore;
    const endpoint = { host: '127.0.0.1', port: context.ports.http };
    this.#client = new InfluxClient(context.influx, endpoint, undefined, { timeoutMs: QUERY_MS });
  }

  /**
   * @param token what the volume is marked with when it is filled
   * @param resume goes on with what an unfinished run with the same token left, which is removed otherwise
   */
  static async start(
    context: JobContext,
    token: string,
    { resume = false }: { resume?: boolean } = {},
  ): Promise<RestoreServer> {
    const engine = new Engine(context.files.handoff, context.signal);
    const { code } = await engine.command(['serve', token, ...(resume ? ['resume'] : [])]);
    if (code === ENGINE_EXIT.foreignVolume)
      throw new JobError('TargetNotEmpty', 'The volume holds something that no restore has written.');
    if (code !== 0 && code !== ENGINE_EXIT.filledBefore)
      throw new JobError('EngineFailed', 'The volume cannot be written to.');
    const server = new RestoreServer(context, engine, token, code === ENGINE_EXIT.filledBefore);
    await server.#answers();
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#context.ports.http}`;
  }

  /** With these policies and no others, all of them endless: nothing that is written may be too old. */
  async createDatabase(database: string, policies: Policies): Promise<void> {
    await this.#rows(createDatabase(database));
    const { retentionPolicies: there } = await this.#told(readDatabase(this.#client, { id: database }));
    for (const { name, shardDurationSeconds, default: isDefault } of policies) {
      const text = { name, duration: 'INF', shardDuration: `${shardDurationSeconds}s`, default: isDefault };
      const make = there.some((policy) => policy.name === name)
        ? alterRetentionPolicy
        : createRetentionPolicy;
      await this.#rows(make(database, text));
    }
    for (const { name } of there)
      if (!policies.some((policy) => policy.name === name))
        await this.#rows(dropRetentionPolicy(database, name));
  }

  /** Gives the policies the durations they are to have. */
  async setDurations(database: string, policies: Policies): Promise<void> {
    for (const { name, durationSeconds, shardDurationSeconds } of policies) {
      const duration = durationSeconds === 0 ? 'INF' : `${durationSeconds}s`;
      const text = { name, duration, shardDuration: `${shardDurationSeconds}s` };
      await this.#rows(alterRetentionPolicy(database, text));
    }
  }

  /** Waits when the engine cannot take them yet. @throws JobError when it never will */
  async write(database: string, policy: string, lines: readonly string[]): Promise<void> {
    const until = performance.now() + SETTLING_MS;
    for (;;) {
      await this.#engine.assertServing();
      try {
        await this.#client.write(database, lines, { rp: policy, signal: this.#context.signal });
        return;
      } catch (error) {
        this.#context.signal.throwIfAborted();
        if (!(error instanceof InfluxError)) throw error;
        if (/no space left on device/.test(error.message))
          throw new JobError('TargetTooSmall', 'The volume became full while the database was copied.');
        if (!error.isTransient)
          throw new JobError('SourceRefused', `The engine refuses points of the source: ${error.message}.`);
        if (performance.now() > until) throw unreachable(error);
        await sleep(POLL_MS, undefined, { signal: this.#context.signal });
      }
    }
  }

  /** Lets the engine's tool restore the dump. Its exit code is not believed: whether it took each shard is. */
  async restore(dump: Dump, from: string, to: string): Promise<void> {
    const { code, log } = await this.#engine.command(['restore', from, to]);
    const databases = await this.#rows('SHOW DATABASES');
    const left = leftOut(dump.shards, log);
    if (left.length === 0 && databases.some((row) => row['name'] === to)) return;
    if (/no space left on device/.test(log))
      throw new JobError('TargetTooSmall', 'The volume became full while the backup was restored.');
    const last = log.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
    throw new JobError('ToolFailed', `influxd restore ended with code ${code}: ${last}`);
  }

  /**
   * Waits until what was restored is what was backed up.
   * @param difference between the counts of the backup and these; undefined when there are none to compare with
   * @returns the counts, when there were any
   */
  async verify(
    database: string,
    dump: Dump,
    difference: ((restored: Tally) => string | undefined) | undefined,
  ): Promise<Tally | undefined> {
    const until = performance.now() + SETTLING_MS;
    for (;;) {
      const { why, tally } = await this.#look(database, dump, difference);
      if (why === undefined) return tally;
      if (performance.now() > until)
        throw new JobError('CountsDiffer', `The restored database is not what was backed up: ${why}.`);
      await sleep(POLL_MS, undefined, { signal: this.#context.signal });
    }
  }

  async #look(
    database: string,
    dump: Dump,
    difference: ((restored: Tally) => string | undefined) | undefined,
  ): Promise<{ why: string | undefined; tally?: Tally }> {
    await this.#engine.assertServing();
    try {
      const shards = await listShards(this.#client, database, this.#context.signal);
      // There may be more: the tool makes all that were agreed on, those too that were never written to.
      if (shards.length < dump.shards.length)
        return { why: `it has ${shards.length} shards, and the backup ${dump.shards.length}` };
      const closed = shards.filter(({ isOpen }) => !isOpen).length;
      if (closed > 0) return { why: `${closed} of its shards are not open` };
      // Counting reads all of it, which is only worth it where there is something to compare with.
      if (difference === undefined) return { why: undefined };
      const tally = await countValues(this.#client, database, this.#context.signal);
      return { why: difference(tally), tally };
    } catch (error) {
      this.#context.signal.throwIfAborted();
      // A shard that is not open yet makes the query an error.
      if (error instanceof InfluxError) return { why: error.message };
      throw error;
    }
  }

  /** The tool restores the policies; which of them is the default one is made sure of. */
  async restorePolicies(database: string, wanted: Policies): Promise<void> {
    const { retentionPolicies } = await this.#told(readDatabase(this.#client, { id: database }));
    for (const { name } of wanted)
      if (!retentionPolicies.some((policy) => policy.name === name))
        throw new JobError('CountsDiffer', `The retention policy ${name} was not restored.`);
    const fallback = wanted.find((policy) => policy.default)?.name;
    if (fallback !== undefined && retentionPolicies.find((policy) => policy.default)?.name !== fallback)
      await this.#rows(setDefaultRetentionPolicy(database, fallback));
  }

  /** The tool leaves them out. @returns the names of those that this engine refuses */
  async addContinuousQueries(
    queries: BackupManifest['database']['continuousQueries'],
    from: string,
    to: string,
  ): Promise<string[]> {
    const refused: string[] = [];
    for (const { name, query } of queries) {
      const [result] = await this.#told(
        this.#client
          .query(renameDatabase(query, from, to), { signal: this.#context.signal })
          .catch((error: unknown) => {
            if (error instanceof InfluxError && error.kind === 'Refused') return [{ series: [], error }];
            throw error;
          }),
      );
      if (result?.error !== undefined) refused.push(name);
    }
    return refused;
  }

  /** Stops the engine, which must end well, and marks the volume as filled. */
  async finish(mark: boolean): Promise<void> {
    await this.#engine.assertServing();
    const { code } = await this.#engine.command(['stop']);
    // It has ended between the look and the word.
    if (code === ENGINE_EXIT.noServer) await this.#engine.assertServing();
    if (code !== 0) throw engineFailed(code, `The engine ended with code ${code} when it was stopped.`);
    if (!mark) return;
    const marked = await this.#engine.command(['finish', this.#token]);
    if (marked.code !== 0) throw new JobError('EngineFailed', 'The volume cannot be written to.');
  }

  async #answers(): Promise<void> {
    for (;;) {
      await this.#engine.assertServing();
      try {
        await this.#client.ping(this.#context.signal);
        return;
      } catch (error) {
        this.#context.signal.throwIfAborted();
        if (!(error instanceof InfluxError)) throw error;
        await sleep(START_POLL_MS, undefined, { signal: this.#context.signal });
      }
    }
  }

  async #rows(statement: string): Promise<Record<string, unknown>[]> {
    return rows(await this.#told(this.#client.one(statement, { signal: this.#context.signal })));
  }

  async #told<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      this.#context.signal.throwIfAborted();
      throw unreachable(error);
    }
  }
}
