import { parseDuration } from './duration.ts';
import type { FieldValue } from './state.ts';
import type { Expression } from './statement.ts';
import { ParseError } from './token-reader.ts';

/** A stored point, as far as a condition looks at it. */
export interface Point {
  /** Nanoseconds since the epoch. */
  time: bigint;
  tags: Record<string, string>;
  cells?: Map<string, FieldValue>;
}

const unknown = (): ParseError => new ParseError('the fake engine cannot judge this condition', true);

/** Whether a point satisfies a condition. */
export function matches(condition: Expression, row: Point, now: bigint): boolean {
  if (condition.type === 'group') {
    return matches(condition.inner, row, now);
  }
  if (condition.type !== 'binary') {
    throw unknown();
  }
  const { operator, left, right } = condition;
  if (operator === 'AND' || operator === 'OR') {
    const first = matches(left, row, now);
    return operator === 'AND' ? first && matches(right, row, now) : first || matches(right, row, now);
  }
  if (left.type !== 'reference') {
    throw unknown();
  }
  if (left.name === 'time') {
    return compare(operator, row.time, timeOf(right, now));
  }
  const actual = row.cells?.get(left.name) ?? row.tags[left.name] ?? '';
  if (right.type === 'pattern') {
    return new RegExp(right.text).test(String(actual)) === (operator === '=~');
  }
  if (right.type === 'string') {
    return compare(operator, actual, right.text);
  }
  if (right.type === 'number') {
    return compare(operator, actual, Number(right.text));
  }
  throw unknown();
}

function compare<T extends bigint | FieldValue>(operator: string, a: T, b: T): boolean {
  switch (operator) {
    case '=':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    default:
      throw unknown();
  }
}

function timeOf(expression: Expression, now: bigint): bigint {
  if (expression.type === 'call' && expression.name === 'now') {
    return now;
  }
  if (expression.type === 'number') {
    return BigInt(expression.text);
  }
  if (expression.type === 'duration') {
    return parseDuration(expression.text) ?? 0n;
  }
  if (expression.type === 'string') {
    return BigInt(Date.parse(expression.text)) * 1_000_000n;
  }
  if (expression.type === 'binary' && ['+', '-'].includes(expression.operator)) {
    const offset = timeOf(expression.right, now);
    return timeOf(expression.left, now) + (expression.operator === '-' ? -offset : offset);
  }
  throw unknown();
}

/** A reduction's row carries the start of the time range, if the condition gives one. */
export function lowerBound(condition: Expression | undefined, now: bigint): bigint | undefined {
  if (condition?.type === 'group') {
    return lowerBound(condition.inner, now);
  }
  if (condition?.type !== 'binary') {
    return undefined;
  }
  const { operator, left, right } = condition;
  if (operator === 'AND') {
    return lowerBound(left, now) ?? lowerBound(right, now);
  }
  if (left.type === 'reference' && left.name === 'time' && ['>', '>=', '='].includes(operator)) {
    return timeOf(right, now) + (operator === '>' ? 1n : 0n);
  }
  return undefined;
}
