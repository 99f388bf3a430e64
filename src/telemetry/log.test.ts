import { Writable } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../kube/api/api-error.ts';
import { describeError, makeLogger } from './log.ts';

const CANARY = 'canary-password-0123456789';

/** What the options of the real logger make of one call. */
async function logged(fields: object): Promise<string> {
  let text = '';
  const out = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk.toString();
      done();
    },
  });
  const logger = await makeLogger({ 'log-level': 'debug', 'log-format': 'json' });
  const stream = (logger as unknown as Record<symbol, unknown>)[pino.symbols.streamSym];
  (logger as unknown as Record<symbol, unknown>)[pino.symbols.streamSym] = out;
  logger.info(fields, 'said');
  (logger as unknown as Record<symbol, unknown>)[pino.symbols.streamSym] = stream;
  return text;
}

describe('a log line', () => {
  it('is JSON with level, time and message', async () => {
    const line = JSON.parse(await logged({ addon: 'shop/my-app' })) as Record<string, unknown>;
    expect(line).toMatchObject({ level: 'info', addon: 'shop/my-app', msg: 'said' });
    expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it.each([
    ['a Secret', { secret: { data: { password: CANARY } } }],
    ['a Secret by itself', { data: { x: CANARY } }],
    ['what an action needs to reach the database', { action: { access: { adminPassword: CANARY } } }],
    ['statements for the database', { action: { steps: [{ statement: `SET PASSWORD = '${CANARY}'` }] } }],
    ['a request with credentials', { request: { headers: { authorization: CANARY } } }],
    ['a connection URL', { url: `http://id:${CANARY}@host:8086/id` }],
    ['a token', { credentials: { token: CANARY } }],
  ])('shows nothing of %s', async (_, fields) => {
    const text = await logged(fields);
    expect(text).toContain('said');
    expect(text).not.toContain(CANARY);
  });

  it('shows nothing of what hangs on an error', async () => {
    const error = Object.assign(new Error('refused'), {
      request: { body: CANARY },
      config: { auth: CANARY },
    });
    const text = await logged({ error });
    expect(text).toContain('refused');
    expect(text).not.toContain(CANARY);
  });
});

describe('describeError', () => {
  it('has no stack for an error of an outside world, which is no mistake of ours', () => {
    expect(describeError(new ApiError({ code: 409, reason: 'Conflict', message: 'modified' }))).toEqual({
      type: 'ApiError',
      message: 'modified',
      code: 409,
      reason: 'Conflict',
    });
    expect(describeError(new TypeError('x'))).toHaveProperty('stack');
    expect(describeError('text')).toEqual({ message: 'text' });
  });
});
