import { JobError } from '../job/job-error.ts';

/** The database that is copied, as its URL tells. */
export interface SourceAddress {
  /** `http://host:port` or with https, without credentials. */
  readonly origin: string;
  readonly host: string;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly database: string;
}

/**
 * Reads `https://user:password@host:8086/database`, as applications are given it. What is wrong with it is told without
 * quoting it. @throws JobError
 */
export function parseSourceUrl(text: string): SourceAddress {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.hostname === '')
    throw refused('it has to begin with http:// or https:// and name a host');
  const database = decoded(url.pathname.replace(/^\//, ''));
  if (database === '' || database.includes('/') || database.length > 255)
    throw refused(
      'behind the host it has to name the database, as in https://influx.example.com:8086/metrics',
    );
  const { username, password } = url;
  if ((username === '') !== (password === ''))
    throw refused('it has to hold a user and a password, or neither');
  return {
    origin: url.origin,
    host: url.hostname,
    credentials: username === '' ? undefined : { username: decoded(username), password: decoded(password) },
    database,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused('a percent sign in it has to be written as %25');
  }
}

function refused(why: string): JobError {
  return new JobError('SourceRefused', `The entry url of the Secret cannot be used: ${why}.`);
}
