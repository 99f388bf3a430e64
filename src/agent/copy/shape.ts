import { seconds } from '../../influx/duration.ts';
import { identifier, showRetentionPolicies } from '../../influx/v1/influxql.ts';
import type { BackupManifest } from '../../backup/manifest.ts';
import { JobError } from '../job/job-error.ts';
import type { Field, FieldType } from './line-protocol.ts';
import type { QueryStream } from './query-stream.ts';

/** What a database is made of, beside its points: all of it is told to a user of the database alone. */
export interface Shape {
  readonly retentionPolicies: BackupManifest['database']['retentionPolicies'];
  readonly continuousQueries: BackupManifest['database']['continuousQueries'];
}

/** @throws JobError */
export async function readShape(source: QueryStream, database: string): Promise<Shape> {
  const policies = await source.all(showRetentionPolicies(database));
  const queries = await source.all('SHOW CONTINUOUS QUERIES');
  const retentionPolicies = policies.flatMap(({ values }) =>
    values.map(([name, duration, shardDuration, , isDefault]) => ({
      name: String(name),
      durationSeconds: seconds(String(duration)),
      shardDurationSeconds: seconds(String(shardDuration)),
      default: isDefault === true,
    })),
  );
  if (retentionPolicies.length === 0)
    throw new JobError(
      'SourceRefused',
      'The database of the URL has no retention policy, and nothing in it.',
    );
  return {
    retentionPolicies,
    continuousQueries: queries
      .filter(({ name }) => name === database)
      .flatMap(({ values }) => values.map(([name, query]) => ({ name: String(name), query: String(query) }))),
  };
}

/** The fields of each measurement that has points under a retention policy. @throws JobError */
export async function readFields(
  source: QueryStream,
  database: string,
  policy: string,
): Promise<Map<string, Field[]>> {
  const statement = `SHOW FIELD KEYS ON ${identifier(database)} FROM ${identifier(policy)}./.*/`;
  const types = new Map<string, Map<string, Set<string>>>();
  for await (const { name, values } of source.ask(statement)) {
    const fields = types.get(name) ?? new Map<string, Set<string>>();
    types.set(name, fields);
    for (const [key, type] of values) {
      const known = fields.get(String(key)) ?? new Set<string>();
      fields.set(String(key), known.add(String(type)));
    }
  }
  return new Map(
    [...types].map(([measurement, fields]) => [
      measurement,
      [...fields].map(([name, all]) => ({ name, type: oneType(measurement, name, all) })),
    ]),
  );
}

/** The type of a field may be another one in other shards; of numbers the engine itself makes floats then. */
function oneType(measurement: string, field: string, types: ReadonlySet<string>): FieldType {
  const [type = '', ...others] = types;
  if (others.length === 0 && isKnown(type)) return type;
  if (types.size === 2 && types.has('float') && types.has('integer')) return 'float';
  const found = [...types].toSorted().join(' and ');
  throw new JobError(
    'SourceRefused',
    `The field ${field} of the measurement ${measurement} is of the type ${found}, which cannot be copied by queries; import a file of influxd backup instead.`,
  );
}

function isKnown(type: string): type is FieldType {
  return ['float', 'integer', 'string', 'boolean'].includes(type);
}
