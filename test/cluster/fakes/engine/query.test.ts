import { describe, expect, test } from 'vitest';
import { type QueryRequest, runQuery } from './query.ts';
import { EngineState } from './state.ts';

const request = (text: string, more: Partial<QueryRequest> = {}): QueryRequest => ({
  text,
  database: 'd',
  policy: '',
  epoch: '',
  readOnly: false,
  authenticated: false,
  now: 0n,
  ...more,
});

describe('runQuery', () => {
  test('a SELECT that the fake cannot do is reported, not answered', () => {
    const state = new EngineState();
    runQuery(state, request('CREATE DATABASE d'));
    const text = 'SELECT mean(v) FROM m GROUP BY time(1h)';
    expect(runQuery(state, request(text)).unknown).toEqual([text]);
  });

  test('the statements before a failed one are done, those behind it are not', () => {
    const state = new EngineState();
    runQuery(state, request('CREATE DATABASE a; DROP USER nobody; CREATE DATABASE b'));
    expect([...state.databases.keys()]).toEqual(['a']);
  });

  test('a refused statement keeps the whole request from running', () => {
    const state = new EngineState();
    runQuery(state, request("CREATE DATABASE d; CREATE USER u WITH PASSWORD 'p'"));
    const user = state.users.get('u');
    const { status } = runQuery(
      state,
      request('SHOW DATABASES; DROP DATABASE d', { user, authenticated: true }),
    );
    expect(status).toBe(403);
    expect(state.databases.has('d')).toBe(true);
  });
});
