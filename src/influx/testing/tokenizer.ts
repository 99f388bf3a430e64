/** A token of InfluxQL: what the engine's scanner would see. Text of names and strings is unescaped. */
export interface Token {
  kind: 'word' | 'identifier' | 'string' | 'symbol' | 'end of statement' | 'bad';
  text: string;
}

const ESCAPES: Record<string, string> = { n: '\n', '\\': '\\', '"': '"', "'": "'" };

/** Reads the way the engine does: NUL ends the input, an unknown escape or a line break spoils a literal. */
export function tokenize(input: string): Token[] {
  const text = (input.split('\0')[0] ?? '').replaceAll(/\r\n?/g, '\n');
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const plain = /^(?:\s+|--[^\n]*|\/\*[^]*?\*\/)/.exec(rest);
    const word = /^\w+/.exec(rest);
    const first = rest[0] ?? '';
    if (plain) at += plain[0].length;
    else if (word) {
      tokens.push({ kind: 'word', text: word[0] });
      at += word[0].length;
    } else if (first === '"' || first === "'") {
      const { token, length } = literal(rest, first);
      tokens.push(token);
      at += length;
    } else {
      tokens.push({ kind: first === ';' ? 'end of statement' : 'symbol', text: first });
      at += 1;
    }
  }
  return tokens;
}

function literal(rest: string, quote: '"' | "'"): { token: Token; length: number } {
  let text = '';
  for (let i = 1; i < rest.length; i += 1) {
    const c = rest[i] ?? '';
    if (c === quote) return { token: { kind: quote === '"' ? 'identifier' : 'string', text }, length: i + 1 };
    if (c === '\n') break;
    if (c === '\\') {
      const escaped = ESCAPES[rest[i + 1] ?? ''];
      if (escaped === undefined) break;
      text += escaped;
      i += 1;
    } else text += c;
  }
  return { token: { kind: 'bad', text: rest }, length: rest.length };
}
