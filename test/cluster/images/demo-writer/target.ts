export interface Target {
  /** The /write endpoint with the database, without credentials: fetch refuses a URL that has any. */
  writeUrl: string;
  headers: Record<string, string>;
  /** For logs: no password. */
  shown: string;
}

/** What `INFLUX_URL` says, or a sentence about what is wrong with it that does not repeat it. */
export function parseTarget(value: string | undefined): Target | string {
  if (!value) return 'INFLUX_URL is not set';
  if (!URL.canParse(value)) return 'INFLUX_URL is not a URL';
  const { protocol, host, pathname, username, password } = new URL(value);
  if (protocol !== 'http:' && protocol !== 'https:') return 'INFLUX_URL is neither http nor https';
  const database = decodeURIComponent(pathname.slice(1));
  if (database === '') return 'INFLUX_URL names no database';
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    writeUrl: `${protocol}//${host}/write?db=${encodeURIComponent(database)}&precision=ms`,
    headers: username === '' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
    shown: `${protocol}//${host}/${database}`,
  };
}
