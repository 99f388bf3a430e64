import { formatDuration, parseDuration } from './duration.ts';
import type { Expression, Measurement, Select } from './statement.ts';
import type { TokenReader } from './token-reader.ts';

/** What follows the word SELECT. `intoRequired`: in a continuous query. */
export function parseSelectBody(reader: TokenReader, intoRequired: boolean): Select {
  const fields: Select['fields'] = [];
  do {
    const expression = parseExpression(reader);
    fields.push(reader.takeKeyword('AS') ? { expression, alias: reader.identifier() } : { expression });
  } while (reader.takeSymbol(','));

  if (intoRequired && reader.peek().text !== 'INTO') {
    throw reader.refuse('INTO');
  }
  const into = reader.takeKeyword('INTO') ? parseMeasurement(reader, true) : undefined;
  reader.keyword('FROM');
  const select: Select = {
    type: 'Select',
    fields,
    ...(into && { into }),
    from: parseSources(reader),
    groupBy: [],
  };
  if (reader.takeKeyword('WHERE')) {
    select.where = parseExpression(reader);
  }
  if (reader.takeKeyword('GROUP')) {
    reader.keyword('BY');
    do {
      select.groupBy.push(parseExpression(reader));
    } while (reader.takeSymbol(','));
  }
  if (reader.peek().type === 'word' && reader.peek().text.toLowerCase() === 'fill') {
    reader.next();
    reader.symbol('(');
    select.fill = reader.next().text;
    reader.symbol(')');
  }
  if (reader.takeKeyword('ORDER')) {
    reader.keyword('BY');
    if (reader.identifier() !== 'time') {
      throw reader.fail('only ORDER BY time supported at this time');
    }
    select.orderByTime = true;
    select.descending = reader.takeKeyword('DESC');
    reader.takeKeyword('ASC');
  }
  if (reader.takeKeyword('LIMIT')) {
    select.limit = reader.integer();
  }
  if (reader.takeKeyword('OFFSET')) {
    select.offset = reader.integer();
  }
  return select;
}

export function parseSources(reader: TokenReader): Measurement[] {
  const sources: Measurement[] = [];
  do {
    sources.push(parseMeasurement(reader, false));
  } while (reader.takeSymbol(','));
  return sources;
}

/** `name`, `policy.name`, `database.policy.name`, `database..name`, a pattern, or for a target `…:MEASUREMENT`. */
function parseMeasurement(reader: TokenReader, target: boolean): Measurement {
  const segments: string[] = [];
  let pattern: string | undefined;
  do {
    if (!target && reader.peek().type === 'pattern') {
      pattern = reader.next().text;
      segments.push('');
      break;
    }
    if (target && segments.length > 0 && reader.takeSymbol(':')) {
      reader.keyword('MEASUREMENT');
      segments.push('');
      break;
    }
    segments.push(reader.peek().text === '.' ? '' : reader.identifier());
  } while (reader.takeSymbol('.'));
  const [name = '', policy, database] = segments.toReversed();
  return {
    ...(database && { database }),
    ...(policy && { policy }),
    ...(pattern === undefined ? { name } : { pattern }),
  };
}

/** From the loosest to the tightest. */
const precedence = [
  ['OR'],
  ['AND'],
  ['=', '!=', '<>', '=~', '!~', '<', '<=', '>', '>='],
  ['+', '-', '|', '^'],
  ['*', '/', '%', '&'],
];

export function parseExpression(reader: TokenReader, level = 0): Expression {
  const operators = precedence[level];
  if (!operators) {
    return parseOperand(reader);
  }
  let left = parseExpression(reader, level + 1);
  while (operators.includes(reader.peek().text) && ['symbol', 'keyword'].includes(reader.peek().type)) {
    const operator = reader.next().text;
    left = {
      type: 'binary',
      operator: operator === '<>' ? '!=' : operator,
      left,
      right: parseExpression(reader, level + 1),
    };
  }
  return left;
}

function parseOperand(reader: TokenReader): Expression {
  const token = reader.peek();
  if (reader.takeSymbol('*')) {
    return { type: 'star' };
  }
  if (reader.takeSymbol('(')) {
    const inner = parseExpression(reader);
    reader.symbol(')');
    return { type: 'group', inner };
  }
  if (reader.takeKeyword('TRUE') || reader.takeKeyword('FALSE')) {
    return { type: 'boolean', value: token.text === 'TRUE' };
  }
  if (token.type === 'word') {
    return reader.peek(1).text === '(' ? parseCall(reader) : { type: 'reference', name: reader.next().text };
  }
  if (token.type === 'string' || token.type === 'pattern') {
    return { type: token.type, text: reader.next().text };
  }
  if (token.type === 'integer' || token.type === 'number') {
    reader.next();
    return { type: 'number', text: token.type === 'integer' ? token.text : Number(token.text).toFixed(3) };
  }
  const duration = token.type === 'duration' ? parseDuration(token.text) : undefined;
  if (duration !== undefined) {
    reader.next();
    return { type: 'duration', text: formatDuration(duration) };
  }
  throw reader.refuse('identifier', 'string', 'number', 'bool');
}

function parseCall(reader: TokenReader): Expression {
  const name = reader.next().text.toLowerCase();
  reader.symbol('(');
  const args: Expression[] = [];
  if (!reader.takeSymbol(')')) {
    do {
      args.push(parseExpression(reader));
    } while (reader.takeSymbol(','));
    reader.symbol(')');
  }
  return { type: 'call', name, args };
}
