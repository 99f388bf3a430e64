import { expect, it } from 'vitest';
import type { Secret } from '../../../kube/objects/kinds.ts';
import { settleContents, storedContents } from './facts.ts';
import { encode } from '../../world/secret-data.ts';
import { addonOf, countingFresh, FACTS, live, NO_CHILDREN, worldOf } from '../../testing/fixtures.ts';

const RECORDED = 'recorded-password-0123456789';
const EDITED = 'edited-password-0123456789';

it.each<[string, string, string]>([
  ['the recorded password stands against both copies in the Secret of the user', RECORDED, RECORDED],
  ['a recorded password that cannot be used is taken from the Secret of the user', 'spoiled', EDITED],
])('%s', (_, stored, expected) => {
  const adminSecret = live<Secret>({ data: encode({ 'user.reader': stored }) });
  const uri = `http://reader:${EDITED}@my-app-influx:8086/db`;
  const userSecrets = new Map([['reader', live<Secret>({ data: encode({ password: EDITED, uri }) })]]);
  const addon = addonOf({ users: [{ name: 'reader', access: 'Read' }] });
  const world = worldOf({ addon, children: { ...NO_CHILDREN, adminSecret }, userSecrets });
  const facts = { ...FACTS, contents: storedContents(adminSecret) };
  expect(settleContents(world, facts, [], countingFresh()).passwords).toEqual({ reader: expected });
});
