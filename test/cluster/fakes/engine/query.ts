import { refuseQuery } from './authorize.ts';
import { type Context, execute } from './execute.ts';
import { parseQuery } from './parse.ts';
import { printStatement } from './print.ts';
import { type Series, Time } from './select.ts';
import { type EngineState, StatementError } from './state.ts';
import type { Statement } from './statement.ts';
import { ParseError } from './token-reader.ts';

export interface QueryRequest extends Omit<Context, 'user'> {
  text: string;
  user?: Context['user'] | undefined;
  /** Authentication on: the user's rights are looked at. */
  authenticated: boolean;
  /** A GET: writing statements run, with a warning. */
  readOnly: boolean;
  /** ns, u, ms, s, m, h or empty for RFC 3339. */
  epoch: string;
}

export interface QueryAnswer {
  status: number;
  body: { error?: string; results?: Result[] };
  /** For the log: the statements as the server would print them, so without passwords. */
  statements: string[];
  /** Statements that the fake could not do. */
  unknown: string[];
}

interface Result {
  statement_id: number;
  messages?: { level: string; text: string }[];
  series?: Series[];
  error?: string;
}

export function runQuery(state: EngineState, request: QueryRequest): QueryAnswer {
  let statements: Statement[];
  try {
    statements = parseQuery(request.text.trim());
  } catch (error) {
    const { message, unknown } = asParseError(error);
    return {
      status: 400,
      body: { error: `error parsing query: ${message}` },
      statements: [],
      unknown: unknown ? [request.text] : [],
    };
  }
  const printed = statements.map(printStatement);
  const refusal = request.authenticated
    ? refuseQuery(state, request.user, statements, request.database)
    : undefined;
  if (refusal !== undefined) {
    return {
      status: 403,
      body: { error: `error authorizing query: ${refusal}` },
      statements: printed,
      unknown: [],
    };
  }
  const results: Result[] = [];
  const unknown: string[] = [];
  for (const [id, statement] of statements.entries()) {
    try {
      results.push(succeed(state, statement, id, request));
    } catch (error) {
      const failure = error instanceof StatementError ? error.message : asParseError(error).message;
      if (!(error instanceof StatementError)) {
        unknown.push(printed[id] ?? '');
      }
      // The server answers for the statements behind a failed one under the failed one's number, and so its
      // reason is lost unless it was the last.
      results.push({ statement_id: id, error: id < statements.length - 1 ? 'not executed' : failure });
      break;
    }
  }
  return { status: 200, body: results.length > 0 ? { results } : {}, statements: printed, unknown };
}

function asParseError(error: unknown): ParseError {
  if (error instanceof ParseError) {
    return error;
  }
  throw error;
}

function succeed(state: EngineState, statement: Statement, id: number, request: QueryRequest): Result {
  const series = execute(state, statement, request).map((row) => ({
    ...row,
    ...(row.values && {
      values: row.values.map((cells) =>
        cells.map((cell) => (cell instanceof Time ? writeTime(cell, request.epoch) : cell)),
      ),
    }),
  }));
  const warned = request.readOnly && !/^(Show|Select)/.test(statement.type);
  return {
    statement_id: id,
    ...(warned && { messages: [{ level: 'warning', text: deprecated(statement) }] }),
    ...(series.length > 0 && { series }),
  };
}

const deprecated = (statement: Statement): string =>
  `deprecated use of '${printStatement(statement)}' in a read only context, please use a POST request instead`;

const divisors: Record<string, bigint> = {
  u: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

function writeTime({ nanoseconds }: Time, epoch: string): string | number {
  if (epoch !== '') {
    return Number(nanoseconds / (divisors[epoch] ?? 1n));
  }
  const seconds = new Date(Number(nanoseconds / 1_000_000n)).toISOString().slice(0, 19);
  const fraction = String(nanoseconds % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${seconds}${fraction && `.${fraction}`}Z`;
}
