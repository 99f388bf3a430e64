import { describe, expect, it } from 'vitest';
import { planUsers, takenNames, type UserInput } from './users.ts';

const PASSWORD = 'reader-password-0123456789';
const user = (name: string, admin = false) => ({ name, admin });
const granted = (privilege: string, database = 'db') => ({
  otherGrants: { reader: [{ database, privilege }] },
});

function input(rest: Partial<UserInput> = {}, state: Partial<UserInput['state']> = {}): UserInput {
  return {
    id: 'db',
    wishes: [{ name: 'reader', privilege: 'READ' }],
    state: { users: [user('admin', true), user('db'), user('reader')], ...granted('READ'), ...state },
    passwords: { reader: PASSWORD },
    refused: new Set(),
    ...rest,
  };
}

describe('users', () => {
  it.each<[string, UserInput, string[]]>([
    ['as they are listed cost nothing', input(), []],
    ['are made with what they may', input({}, { users: [], otherGrants: {} }), ['CreateUser', 'Grant']],
    ['are promoted and demoted', input({ wishes: [{ name: 'reader', privilege: 'ALL' }] }), ['Grant']],
    ['with too much lose it', input({}, granted('ALL PRIVILEGES')), ['Grant']],
    ['whose right was revoked get it back', input({}, granted('NO PRIVILEGES')), ['Grant']],
    ['with a right on another database only get this one', input({}, granted('READ', 'other')), ['Grant']],
    ['are no administrators', input({}, { users: [user('reader', true)] }), ['RevokeAdmin']],
    ['get their password back', input({ refused: new Set(['reader']) }), ['SetPassword']],
    ['not listed any more go', input({ wishes: [] }), ['DropUser']],
    ['of others stay', input({ wishes: [], passwords: {} }), []],
    ['whose password is not stored yet are not made', input({ passwords: {} }, { users: [] }), []],
  ])('%s', (_, from, expected) => {
    expect(planUsers(from).map(({ what }) => what)).toEqual(expected);
  });

  it('marks exactly the statements that hold a password', () => {
    const steps = [
      ...planUsers(input({}, { users: [] })),
      ...planUsers(input({ refused: new Set(['reader']) })),
    ];
    for (const { statement, secret = false } of steps) expect(statement.includes(PASSWORD)).toBe(secret);
    expect(steps.some(({ secret }) => secret)).toBe(true);
  });

  it.each(['constructor', 'toString', '__proto__'])('may be called %s, and one of others stays', (name) => {
    const wishes = [{ name, privilege: 'READ' as const }];
    const [passwords, none] = [Object.fromEntries([[name, PASSWORD]]), {}];
    const kinds = (rest: Partial<UserInput>, users: UserInput['state']['users'], otherGrants = {}) =>
      planUsers(input({ wishes, ...rest }, { users, otherGrants })).map(({ what }) => what);
    expect(kinds({ passwords }, [])).toEqual(['CreateUser', 'Grant']);
    expect(kinds({ passwords }, [user(name)])).toEqual(['Grant']);
    expect(kinds({ passwords: none }, [])).toEqual([]);
    expect(kinds({ passwords: none, wishes: [] }, [user(name)])).toEqual([]);
    expect(takenNames(input({ wishes, passwords: none }, { users: [user(name)] }))).toHaveLength(1);
  });

  it('of a name that somebody else took are told', () => {
    expect(takenNames(input({ passwords: {} }))).toMatchObject([{ reason: 'UserExists' }]);
    expect(takenNames(input())).toEqual([]);
  });
});
