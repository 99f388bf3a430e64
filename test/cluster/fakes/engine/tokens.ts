/**
 * The words of InfluxQL: enough of the language for what the operator and its applications send, and strict
 * about it, so that a statement that is quoted wrongly is refused here as the real server refuses it.
 */
export interface Token {
  type:
    | 'word'
    | 'keyword'
    | 'string'
    | 'pattern'
    | 'integer'
    | 'number'
    | 'duration'
    | 'symbol'
    | 'bad'
    | 'end';
  /** The identifier or string without its quotes; a keyword in capitals; a symbol as written. */
  text: string;
  /** Position of the first character, from 1. */
  line: number;
  char: number;
  /** Offset into the text just behind the token. */
  end: number;
}

const keywords = new Set(
  (
    'ALL ALTER ANALYZE ANY AS ASC BEGIN BY CARDINALITY CREATE CONTINUOUS DATABASE DATABASES DEFAULT DELETE DESC ' +
    'DESTINATIONS DIAGNOSTICS DISTINCT DROP DURATION END EVERY EXACT EXPLAIN FIELD FOR FROM GRANT GRANTS GROUP ' +
    'GROUPS IN INF INSERT INTO KEY KEYS KILL LIMIT MEASUREMENT MEASUREMENTS NAME OFFSET ON ORDER PASSWORD POLICY ' +
    'POLICIES PRIVILEGES QUERIES QUERY READ REPLICATION RESAMPLE RETENTION REVOKE SELECT SERIES SET SHOW SHARD ' +
    'SHARDS SLIMIT SOFFSET STATS SUBSCRIPTION SUBSCRIPTIONS TAG TO USER USERS VALUES WHERE WITH WRITE AND OR TRUE ' +
    'FALSE'
  ).split(' '),
);

export const isKeyword = (word: string): boolean => keywords.has(word.toUpperCase());

/** Splits a query into tokens, whitespace and comments left out. Always ends with an `end` token. */
export function tokenize(source: string): Token[] {
  // The server reads every carriage return, with or without a line feed behind it, as one line feed.
  const text = source.replace(/\r\n?/g, '\n');
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  let lineStart = 0;

  const push = (type: Token['type'], value: string, start: number, end: number): void => {
    tokens.push({ type, text: value, line, char: start - lineStart + 1, end });
    at = end;
  };
  const skipTo = (end: number): void => {
    for (; at < end; at++) {
      if (text[at] === '\n') {
        line++;
        lineStart = at + 1;
      }
    }
  };

  while (at < text.length) {
    const rest = text.slice(at, at + 2);
    const char = text.charAt(at);
    if (/[ \t\n]/.test(char)) {
      skipTo(at + 1);
    } else if (rest === '--') {
      const end = text.indexOf('\n', at);
      skipTo(end < 0 ? text.length : end);
    } else if (rest === '/*') {
      const end = text.indexOf('*/', at + 2);
      if (end < 0) {
        push('bad', 'ILLEGAL', at, text.length);
      } else {
        skipTo(end + 2);
      }
    } else if (char === '"' || char === "'") {
      const quoted = readQuoted(text, at);
      // The server's position of a string is one too small, that of a bad escape is the escaped character.
      const start = quoted.badEscape ? quoted.end - 1 : quoted.bad || char === "'" ? at - 1 : at;
      push(quoted.bad ? 'bad' : char === '"' ? 'word' : 'string', quoted.text, start, quoted.end);
    } else if (char === '/' && patternMayFollow(tokens.at(-1))) {
      const pattern = match(/\/(\\.|[^/\n])*\//y, text, at);
      push(
        pattern ? 'pattern' : 'bad',
        pattern.slice(1, -1).replaceAll('\\/', '/'),
        at,
        at + (pattern.length || 1),
      );
    } else if (/[A-Za-z_]/.test(char)) {
      const word = match(/[A-Za-z0-9_]+/y, text, at);
      push(
        isKeyword(word) ? 'keyword' : 'word',
        isKeyword(word) ? word.toUpperCase() : word,
        at,
        at + word.length,
      );
    } else if (/[0-9]/.test(char)) {
      const duration = match(/[0-9]+[A-Za-zµ][A-Za-z0-9µ]*/y, text, at);
      const number = duration || match(/[0-9]+(\.[0-9]+)?/y, text, at);
      push(
        duration ? 'duration' : number.includes('.') ? 'number' : 'integer',
        number,
        at,
        at + number.length,
      );
    } else {
      const symbol = match(/=~|!~|!=|<>|<=|>=|::|[+\-*/%&|^=<>(),;:.]/y, text, at);
      push(symbol ? 'symbol' : 'bad', symbol || char, at, at + (symbol.length || 1));
    }
  }
  // Having looked for more of a word or of white space, the server counts the end of the text twice.
  const counted = /[\w\s]$/.test(text) ? 2 : 1;
  tokens.push({ type: 'end', text: 'EOF', line, char: at - lineStart + counted, end: at });
  return tokens;
}

/** A slash is a division everywhere else. */
function patternMayFollow(previous: Token | undefined): boolean {
  return (
    previous !== undefined && ['=~', '!~', '.', 'FROM'].includes(previous.text) && previous.type !== 'string'
  );
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

/** A quoted identifier or string. The only escapes are \n, \\, \" and \'; a raw line feed ends it as an error. */
function readQuoted(
  text: string,
  start: number,
): { text: string; end: number; bad: boolean; badEscape?: boolean } {
  const quote = text[start];
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at];
    if (char === quote) {
      return { text: value, end: at + 1, bad: false };
    }
    if (char === '\n') {
      return { text: value, end: at, bad: true };
    }
    if (char !== '\\') {
      value += char;
      continue;
    }
    const escaped = text[++at] ?? '';
    if (!['n', '\\', '"', "'"].includes(escaped)) {
      return { text: char + escaped, end: Math.min(at + 1, text.length), bad: true, badEscape: true };
    }
    value += escaped === 'n' ? '\n' : escaped;
  }
  return { text: value, end: text.length, bad: true };
}
