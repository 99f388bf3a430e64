import { usersOf } from '../../../api/addon-defaults.ts';
import { Annotation } from '../../../api/annotations.ts';
import { allowedLossOf } from '../../../contents/allowed-loss.ts';
import type { DataLoss } from '../../../contents/data-loss.ts';
import { nextRecord } from '../../../contents/next-record.ts';
import { ownOf } from '../../../contents/own.ts';
import { NOTHING_RECORDED, readRecord, type ContentsRecord } from '../../../contents/record.ts';
import { wishesOf } from '../../../contents/wishes.ts';
import type { DatabaseState } from '../../../influx/state.ts';
import type { Secret } from '../../../kube/objects/kinds.ts';
import { isAbout } from '../state.ts';
import { credentialsMark, vote } from '../../identity/settle.ts';
import { ADMIN_KEY, ADMIN_USER, USER_KEY_PREFIX } from '../../identity/admin-keys.ts';
import { decode } from '../../world/secret-data.ts';
import { type ContentsFacts, type Facts } from '../../world/facts.ts';
import { isPassword } from '../../identity/fresh.ts';
import { type Fresh } from '../../world/fresh.ts';
import { isRetired, userOfName } from '../../identity/login.ts';
import { namesOf } from '../../identity/users.ts';
import type { World } from '../../world/world.ts';
import type { ContentsKnowledge, DatabaseKnowledge } from '../../world/memory.ts';

/**
 * What has been taken charge of inside the database, as the admin Secret holds it: nothing is made, changed or dropped
 * that is not written there first.
 */
export function storedContents(adminSecret: Secret | undefined): ContentsFacts {
  const record = readRecord(decode(adminSecret)[ADMIN_KEY.contents]) ?? NOTHING_RECORDED;
  const passwords = Object.entries(recordedPasswords(adminSecret)).filter(([, password]) =>
    isPassword(password),
  );
  return { record, passwords: Object.fromEntries(passwords) };
}

/** As they stand in the admin Secret, usable or not, by the user's name. */
export function recordedPasswords(adminSecret: Secret | undefined): Record<string, string> {
  const entries = Object.entries(decode(adminSecret))
    .filter(([key]) => key.startsWith(USER_KEY_PREFIX))
    .map(([key, value]): [string, string] => [key.slice(USER_KEY_PREFIX.length), value])
    .filter(([name]) => isUserName(name));
  return Object.fromEntries(entries);
}

/**
 * What the admin Secret should hold: what is listed, and what was until it is seen to be gone. What was lost of it is
 * taken from status and from the users' own Secrets.
 */
export function settleContents(
  world: World,
  facts: Facts,
  losses: readonly DataLoss[],
  fresh: Fresh,
): ContentsFacts {
  const { addon } = world;
  const state = answerOf(world, facts)?.state;
  const known = state?.databases.includes(facts.id) === true ? state : undefined;
  const allowed = allowedLossOf(addon.metadata.annotations?.[Annotation.allowDataLoss]);
  const record = nextRecord({
    record: recordOf(world),
    wishes: wishesOf(addon),
    state: known,
    losses,
    allowed,
    queries: knownQueries(world, facts),
  });
  return { record, passwords: passwordsOf(world, facts, state, isAskedFor(world), fresh) };
}

/** What the running database said last; undefined when it was not asked with these credentials. */
export function answerOf(
  { pod, memory }: Pick<World, 'pod' | 'memory'>,
  facts: Facts,
): Extract<DatabaseKnowledge['answer'], { ok: true }> | undefined {
  const asked = { podUid: pod?.metadata.uid ?? '', credentials: credentialsMark(facts) };
  const { database } = memory;
  return isAbout(database, asked) && database.answer.ok ? database.answer : undefined;
}

/** What came of changing the contents of the running database. */
export function contentsKnowledge(
  { pod, memory }: Pick<World, 'pod' | 'memory'>,
  facts: Facts,
): ContentsKnowledge | undefined {
  const asked = { podUid: pod?.metadata.uid ?? '', credentials: credentialsMark(facts) };
  return isAbout(memory.contents, asked) ? memory.contents : undefined;
}

/** What is known of continuous queries that were listed: of what was made, and of what turned out to be somebody else's. */
export function knownQueries(
  world: World,
  facts: Facts,
): { revisions: ReadonlyMap<string, string>; foreign: ReadonlyMap<string, string> | undefined } {
  const stored = (world.addon.status?.continuousQueries ?? []).flatMap(
    ({ name, revision }): [string, string][] => (revision === undefined ? [] : [[name, revision]]),
  );
  const { revisions = [], foreign } = contentsKnowledge(world, facts) ?? {};
  return { revisions: new Map([...stored, ...revisions]), foreign };
}

/** What was taken charge of; where that was lost, what status says of it. */
export function recordOf({ addon, children }: World): ContentsRecord {
  const stored = readRecord(decode(children.adminSecret)[ADMIN_KEY.contents]);
  if (stored !== undefined) return stored;
  const listed = (entries: readonly { name: string; listed: boolean }[] = []) =>
    entries.filter((entry) => entry.listed).map(({ name }) => name);
  return {
    retentionPolicies: listed(addon.status?.retentionPolicies),
    continuousQueries: listed(addon.status?.continuousQueries).map((name) => ({ name })),
  };
}

/** Somebody may have made a user since the database was asked last: for each spec it is asked before a name is taken. */
export function isAskedFor({ addon, memory }: Pick<World, 'addon' | 'memory'>): boolean {
  return memory.database?.generation === addon.metadata.generation;
}

function passwordsOf(
  world: World,
  facts: Facts,
  state: DatabaseState | undefined,
  asked: boolean,
  fresh: Fresh,
): Record<string, string> {
  const { addon, children, userSecrets } = world;
  const recorded = recordedPasswords(children.adminSecret);
  const listed = usersOf(addon).map(({ name }) => name);
  const told = (addon.status?.users ?? []).filter((user) => user.listed).map(({ name }) => userOfName(name));
  const isGone = (user: string) => {
    const { present, other } = namesOf(facts, user);
    return state?.users.some(({ name }) => name === present || name === other) === false;
  };
  const lost = children.adminSecret === undefined;
  const ours = new Set(Object.keys(recorded));
  for (const name of [...told, ...(userSecrets?.keys() ?? [])])
    if ((lost || listed.includes(name)) && isUserName(name)) ours.add(name);
  // A database that was never opened has no users: one that answers shows them.
  const isNew = lost && children.claim === undefined;
  for (const name of listed) if (isNew || (asked && isGone(name))) ours.add(name);
  const passwords: [string, string][] = [];
  for (const name of [...ours].toSorted()) {
    if (isGone(name) && !listed.includes(name)) continue;
    const secret = decode(userSecrets?.get(name));
    const usable = (copies: readonly (string | undefined)[]) =>
      copies
        .filter(isPassword)
        .filter((copy) => !isRetired({ username: name, password: copy }, facts.retired));
    // The user's own Secret is for others to read, and perhaps to edit: it counts only for what was lost.
    const [recordedOne] = usable([ownOf(recorded, name)]);
    const password = recordedOne ?? vote(usable([secret['password'], passwordIn(secret['uri'])]));
    passwords.push([name, password ?? fresh.password()]);
  }
  return Object.fromEntries(passwords);
}

function passwordIn(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).password : undefined;
}

/** What the schema allows; an edited record must not have anybody else dropped. */
function isUserName(name: string): boolean {
  return /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name) && name !== ADMIN_USER;
}
