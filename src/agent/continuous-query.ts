/**
 * The statement that makes a continuous query of a restored database, whose name may be another one. The engine writes
 * names out in full (`db.policy.measurement`, and `ON db`), so these are the places where the old name is the database;
 * a measurement or a tag of the same name stays.
 */
export function renameDatabase(statement: string, from: string, to: string): string {
  const tokens = tokensOf(statement);
  const meaningful = tokens.filter(({ kind }) => kind !== 'space');
  const renamed = new Set<Token>();
  for (const [i, token] of meaningful.entries()) {
    if (token.kind !== 'name' || nameOf(token.text) !== from) continue;
    const before = meaningful[i - 1]?.text ?? '';
    const [next, second, third] = [1, 2, 3].map((step) => meaningful[i + step]);
    const leads = before !== '.' && next?.text === '.' && (second?.text === '.' || third?.text === '.');
    if (leads || before.toUpperCase() === 'ON') renamed.add(token);
  }
  return tokens.map((token) => (renamed.has(token) ? quoted(to) : token.text)).join('');
}

interface Token {
  readonly kind: 'space' | 'name' | 'string' | 'regex' | 'other';
  readonly text: string;
}

const PATTERNS: readonly (readonly [Token['kind'], RegExp])[] = [
  ['space', /\s+/y],
  ['string', /'(?:[^'\\]|\\.)*'/sy],
  ['name', /"(?:[^"\\]|\\.)*"|[A-Za-z_][A-Za-z0-9_]*/sy],
  ['other', /\d[\w.]*|=~|!~|[^]/y],
];
const REGEX = /\/(?:[^/\\\n]|\\.)*\//y;
/** Behind these a slash begins a regular expression; anywhere else it divides. */
const BEFORE_REGEX = new Set(['.', ',', '(', '=~', '!~', 'FROM']);

function tokensOf(statement: string): Token[] {
  const tokens: Token[] = [];
  let last = '';
  for (let at = 0; at < statement.length; ) {
    const patterns: typeof PATTERNS =
      statement[at] === '/' && BEFORE_REGEX.has(last.toUpperCase())
        ? [['regex', REGEX], ...PATTERNS]
        : PATTERNS;
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = at;
      const text = pattern.exec(statement)?.[0];
      if (text === undefined) continue;
      tokens.push({ kind, text });
      if (kind !== 'space') last = text;
      at += text.length;
      break;
    }
  }
  return tokens;
}

function nameOf(text: string): string {
  if (!text.startsWith('"')) return text;
  return text.slice(1, -1).replace(/\\(.)/gs, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}

function quoted(name: string): string {
  return `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
