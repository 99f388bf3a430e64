import { describe, expect, it } from 'vitest';
import { JobError } from '../job/job-error.ts';
import { parseSourceUrl } from './source-url.ts';

describe('the URL of a database that is copied', () => {
  it('tells the server, who asks, and the database', () => {
    expect(parseSourceUrl('https://my%2Dapp:p%40ss%3Aword@db.example.com:8087/my_app_12')).toEqual({
      origin: 'https://db.example.com:8087',
      host: 'db.example.com',
      credentials: { username: 'my-app', password: 'p@ss:word' },
      database: 'my_app_12',
    });
    expect(parseSourceUrl('http://[fd00::1]:8086/a%20b').credentials).toBeUndefined();
  });

  it.each([
    ['no URL', 'http:// or https://'],
    ['ftp://u:topsecret@host/db', 'http:// or https://'],
    ['https://u:topsecret@host:8086', 'name the database'],
    ['https://u:topsecret@host/a/b', 'name the database'],
    ['https://topsecret@host/db', 'a user and a password'],
    ['https://u:topsecret%zz@host/db', '%25'],
  ])('is refused without being quoted: %s', (text, why) => {
    const found = (() => {
      try {
        return parseSourceUrl(text);
      } catch (error) {
        return error;
      }
    })();
    expect(found).toBeInstanceOf(JobError);
    expect(found).toMatchObject({ reason: 'SourceRefused', retryable: false });
    expect(String(found)).toContain(why);
    expect(String(found)).not.toContain('topsecret');
  });
});
