import { type Token, tokenize } from './tokens.ts';

/** A query that cannot be parsed. `unknown`: valid for all we know, and the fake cannot do it. */
export class ParseError extends Error {
  override readonly name = 'ParseError';
  readonly unknown: boolean;

  constructor(message: string, unknown = false) {
    super(message);
    this.unknown = unknown;
  }
}

/** Walks the tokens of a query; what is not as expected is refused in the server's words. */
export class TokenReader {
  readonly #tokens: Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  get atEnd(): boolean {
    return this.peek().type === 'end';
  }

  peek(ahead = 0): Token {
    const token = this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)];
    if (!token) {
      throw new Error('a token list always ends with an end token');
    }
    return token;
  }

  next(): Token {
    const token = this.peek();
    this.#at++;
    return token;
  }

  takeKeyword(word: string): boolean {
    return this.#take('keyword', word);
  }

  takeSymbol(symbol: string): boolean {
    return this.#take('symbol', symbol);
  }

  keyword(...expected: string[]): string {
    const { type, text } = this.peek();
    if (type !== 'keyword' || !expected.includes(text)) {
      throw this.refuse(...expected);
    }
    return this.next().text;
  }

  symbol(expected: string): void {
    if (!this.takeSymbol(expected)) {
      throw this.refuse(expected);
    }
  }

  identifier(): string {
    return this.#literal('word', 'identifier');
  }

  string(): string {
    return this.#literal('string', 'string');
  }

  integer(): number {
    const value = this.peek().type === 'integer' ? Number(this.peek().text) : 1;
    if (value < 1 || value > 2_147_483_647) {
      throw this.fail(`invalid value ${value}: must be 1 <= n <= 2147483647`);
    }
    return Number(this.#literal('integer', 'integer'));
  }

  refuse(...expected: string[]): ParseError {
    const { text, line, char } = this.peek();
    return new ParseError(`found ${text}, expected ${expected.join(', ')} at line ${line}, char ${char}`);
  }
  /** As refuse, about the token before: the server has read one too few. */
  refusePrevious(...expected: string[]): ParseError {
    this.#at--;
    const refusal = this.refuse(...expected);
    this.#at++;
    return refusal;
  }

  fail(message: string): ParseError {
    const { line, char } = this.peek();
    return new ParseError(`${message} at line ${line}, char ${char}`);
  }

  #take(type: Token['type'], text: string): boolean {
    const found = this.peek().type === type && this.peek().text === text;
    this.#at += found ? 1 : 0;
    return found;
  }

  #literal(type: Token['type'], expected: string): string {
    if (this.peek().type !== type) {
      throw this.refuse(expected);
    }
    return this.next().text;
  }
}
