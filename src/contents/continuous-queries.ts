import { createHash } from 'node:crypto';
import * as influxql from '../influx/v1/influxql.ts';
import type { ContentsRecord, RecordedQuery } from './record.ts';
import type { ContentsStep } from './step.ts';
import type { QueryWish, Wishes } from './wishes.ts';

export interface QueryInput {
  /** Name of the database. */
  readonly id: string;
  readonly wishes: Pick<Wishes, 'continuousQueries' | 'defaultPolicy' | 'leftOut'>;
  readonly state: readonly { readonly name: string; readonly query: string }[];
  readonly record: ContentsRecord;
  /** Revisions of those that are known to have been put into the database as they were listed, by name. */
  readonly revisions: ReadonlyMap<string, string>;
  /** Texts, as the engine shows them, of those that the engine said not to be what is recorded, by name. */
  readonly foreign?: ReadonlyMap<string, string> | undefined;
}

/** Whose a query of a recorded name is that the database shows. */
export type Origin = 'Ours' | 'Foreign' | 'Unknown';

/**
 * The statements that make the continuous queries as they are listed, all of them the application's: whatever a text
 * says, it can do no more than the application. Those of others stay.
 */
export function planContinuousQueries(input: QueryInput): ContentsStep[] {
  const { id, wishes, state, record, revisions } = input;
  const there = new Map(state.map(({ name, query }) => [name, query]));
  const puts = wishes.continuousQueries
    .filter((wish) =>
      record.continuousQueries.some(({ name, query }) => name === wish.name && query === wish.query),
    )
    .filter((wish) => {
      const shown = there.get(wish.name);
      const wanted = revisionOf(markOf(wish, wishes.defaultPolicy), shown);
      return shown === undefined || revisions.get(wish.name) !== wanted;
    })
    .map((wish): ContentsStep => {
      const { name, query } = wish;
      const mark = markOf(wish, wishes.defaultPolicy);
      const before = revisions.get(name)?.split('.')[0];
      return {
        what: 'PutContinuousQuery',
        name,
        // Tried before another one of the name is dropped: a text that the engine refuses must not cost the present one.
        statement: influxql.createContinuousQuery(id, name, query),
        as: 'Application',
        makesRoom: influxql.dropContinuousQuery(id, name),
        mark,
        ...(there.has(name) && before !== undefined && before !== mark ? { replaces: true } : {}),
      };
    });
  const drops = record.continuousQueries
    .filter(({ name }) => isUnlisted(name, wishes))
    .flatMap((recorded): ContentsStep[] => {
      const { name, query = '' } = recorded;
      const shown = there.get(name);
      const origin = shown === undefined ? 'Foreign' : originOf(recorded, shown, input);
      if (origin === 'Foreign') return [];
      return [
        {
          what: 'DropContinuousQuery',
          name,
          statement: influxql.dropContinuousQuery(id, name),
          as: 'Application',
          // Of the same text as the one that is there it changes nothing, and with another one the engine refuses it.
          ...(origin === 'Unknown' ? { onlyIf: influxql.createContinuousQuery(id, name, query) } : {}),
        },
      ];
    });
  return [...drops, ...puts];
}

/**
 * A name that was listed may have stayed the application's, because the engine refused what was listed. Where it is not
 * known that a put succeeded, its answer may have been lost: the engine can tell its own texts apart, and is asked.
 */
export function originOf(
  { name, query }: RecordedQuery,
  shown: string,
  { revisions, foreign }: Pick<QueryInput, 'revisions' | 'foreign'>,
): Origin {
  if (revisions.get(name)?.split('.')[1] === digest([shown])) return 'Ours';
  return query === undefined || foreign?.get(name) === shown ? 'Foreign' : 'Unknown';
}

export function isUnlisted(name: string, wishes: QueryInput['wishes']): boolean {
  return (
    !wishes.leftOut.has(`continuousQueries/${name}`) &&
    !wishes.continuousQueries.some((wish) => wish.name === name)
  );
}

/** What a query is made from: the engine writes the default policy into its text when it is made. */
export function markOf({ query }: QueryWish, defaultPolicy: string): string {
  return digest([query, defaultPolicy]);
}

/**
 * That a query of this mark is in the database as the engine shows it: the engine keeps a text of its own, so that
 * neither can be told from the other. Undefined when there is none.
 */
export function revisionOf(mark: string, shown: string | undefined): string | undefined {
  return shown === undefined ? undefined : `${mark}.${digest([shown])}`;
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 16);
}
