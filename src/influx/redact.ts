/**
 * An engine's message without the passwords of the request it is about: a syntax error quotes the text
 * around it. Hides the user's own password and every string after the word PASSWORD, quoted or plain.
 */
export function redact(
  message: string,
  statements: string,
  credentials: { password: string } | undefined,
): string {
  const secrets = [...passwordsIn(statements), credentials?.password ?? ''];
  // Long ones first: one password may be a part of another.
  return secrets
    .filter((secret) => secret !== '')
    .sort((a, b) => b.length - a.length)
    .reduce((text, secret) => text.replaceAll(secret, '[REDACTED]'), message);
}

function passwordsIn(statements: string): string[] {
  const found: string[] = [];
  const literal = /\bPASSWORD\b(?:\s+FOR\s+(?:"(?:[^"\\]|\\.)*"|\w+)\s*=)?\s*'((?:[^'\\]|\\.)*)'/gis;
  for (const [, written = ''] of statements.matchAll(literal)) {
    found.push(
      written,
      written.replace(/\\(.)/gs, (_, c: string) => (c === 'n' ? '\n' : c)),
    );
  }
  return found;
}
