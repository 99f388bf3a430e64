import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createAdmin, createUser, isExpressible, setPassword, stringLiteral } from './v1/influxql.ts';
import { redact } from './redact.ts';

const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter(isExpressible);
const password = fc.string({ unit: 'grapheme', minLength: 8 }).filter(isExpressible);

it('hides a password that the engine quotes back, escaped or not', () => {
  fc.assert(
    fc.property(
      text,
      password,
      fc.constantFrom(createUser, createAdmin, setPassword),
      (user, secret, build) => {
        const statement = build(user, secret);
        const literal = stringLiteral(secret);
        expect(redact(`found ${secret}, expected ;`, statement, undefined)).not.toContain(secret);
        expect(redact(`error parsing query: ${statement}`, statement, undefined)).not.toContain(literal);
      },
    ),
  );
});

it('hides the password of the user who asks', () => {
  expect(redact('no such thing: s3cret', 'SHOW USERS', { password: 's3cret' })).toBe(
    'no such thing: [REDACTED]',
  );
});

it('leaves the rest of a message as it is', () => {
  expect(redact('user already exists', createUser('a', 'p4ssword'), { password: 'x9' })).toBe(
    'user already exists',
  );
});
