const HIDDEN = '[REDACTED]';
/** What a tool put there is a copy of what somebody applied, in one string. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const SECRET_NAME = /pass(word|wd)?$|secret(access)?key|token$|credential|identity$|private.?key/i;
/** Values of these are names of objects, never what is in them. */
const HARMLESS = /ref$|secretname$|secretkeyref$/i;

/** Text with the passwords of URLs and statements, headers and keys blacked out. */
export function redactText(text: string): string {
  return text
    .replaceAll(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"']+:)[^\s@"']+@/gi, `$1${HIDDEN}@`)
    .replaceAll(/(\bPASSWORD\b(?:\s+FOR\s+\S+\s*=)?\s*)\\?'(?:[^'\\]|\\.)*'/gi, `$1'${HIDDEN}'`)
    .replaceAll(
      /(\bauthorization\\?["']?\s*[:=]\s*\\?["']?(?:Basic|Bearer|Token)\s+)[^\s"',]+/gi,
      `$1${HIDDEN}`,
    )
    .replaceAll(/([?&](?:p|password|token)=)[^&\s"']+/gi, `$1${HIDDEN}`)
    .replaceAll(/AGE-SECRET-KEY-1[A-Z0-9]+/gi, HIDDEN)
    .replaceAll(/-----BEGIN ([A-Z ]*)PRIVATE KEY-----[^]*?-----END \1PRIVATE KEY-----/g, HIDDEN);
}

/** The same of an object: also whatever is called like a secret, and copies that tools keep. */
export function redactValue(value: unknown, name = ''): unknown {
  if (typeof value === 'string')
    return SECRET_NAME.test(name) && !HARMLESS.test(name) ? HIDDEN : redactText(value);
  if (Array.isArray(value)) return value.map((each) => redactValue(each, name));
  if (typeof value !== 'object' || value === null) return value;
  const named =
    'name' in value && 'value' in value && typeof value.name === 'string' ? value.name : undefined;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== LAST_APPLIED)
      .map(([key, each]) => [key, redactValue(each, key === 'value' ? (named ?? key) : key)]),
  );
}
