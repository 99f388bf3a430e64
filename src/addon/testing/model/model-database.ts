import { revisionOf } from '../../../contents/continuous-queries.ts';
import type { DatabaseState } from '../../../influx/state.ts';
import { smallestFull } from '../../act/measure.ts';
import { digestOf } from '../../database/contents/next.ts';
import type { Action, DatabaseAccess } from '../../decision/action.ts';
import type { ContentsKnowledge, Memory } from '../../world/memory.ts';
import type { ModelNode } from './model-node.ts';

type ChangeContents = Extract<Action, { do: 'changeContents' }>;

/** What the operator remembers after it has asked for the size of the database, or of something in it. */
export function measured(
  memory: Memory,
  node: ModelNode,
  action: Extract<Action, { do: 'measureDatabase' | 'measureShards' | 'findGrowing' }>,
  now: number,
): Memory {
  switch (action.do) {
    case 'measureDatabase':
      return sizeMeasured(memory, node, action, now);
    case 'measureShards':
      return shardsMeasured(memory, action, now);
    case 'findGrowing': {
      const found = { what: 'Tag', measurement: 'requests', tag: 'request_id' } as const;
      return { ...memory, growing: { atMs: now, level: action.level, found } };
    }
  }
}

function sizeMeasured(
  memory: Memory,
  node: ModelNode,
  { access: { podUid }, volumeBytes }: Extract<Action, { do: 'measureDatabase' }>,
  now: number,
): Memory {
  const figures = node.answering(podUid)?.figures;
  const before = memory.measured;
  // A log that could not be written stays so, whatever room there is.
  const full = figures === undefined ? before?.full === true : figures.logErrors > 0;
  return {
    ...memory,
    measured: {
      podUid,
      askedMs: now,
      gapMs: before === undefined ? undefined : now - before.askedMs,
      volumeBytes,
      tookMs: figures === undefined ? undefined : 1,
      figures,
      figuresMs: figures === undefined ? before?.figuresMs : now,
      silentSinceMs: figures === undefined ? (before?.silentSinceMs ?? now) : undefined,
      full,
      fullBytes: smallestFull(before, podUid, full ? volumeBytes : undefined),
      samples: [],
    },
  };
}

function shardsMeasured(
  memory: Memory,
  { access, generation }: Extract<Action, { do: 'measureShards' }>,
  now: number,
): Memory {
  const shards = { askedMs: now, generation, found: [] };
  return { ...memory, contents: { ...contentsOf(memory, access), shards } };
}

/** Sends to the engine of the pod what the action says, and tells what the operator remembers of its answer. */
export function spokenWith(
  memory: Memory,
  node: ModelNode,
  action: Extract<Action, { access: DatabaseAccess }>,
  { now, known, writes }: { now: number; known: boolean; writes: string[] },
): Memory {
  const { access } = action;
  const { podUid, credentials } = access;
  const engine = node.answering(podUid);
  const before = memory.database;
  if (action.do === 'probeDatabase') {
    const failure = engine === undefined ? 'no answer' : engine.probe(access);
    const probe = { revision: action.revision, atMs: now, failure };
    return before !== undefined && known ? { ...memory, database: { ...before, probe } } : memory;
  }
  const foreign: string[] = [];
  if (action.do === 'changeDatabase') {
    writes.push(`change the database: ${action.steps.map(({ what }) => what).join(', ')}`);
    for (const step of action.steps) engine?.change(access, step);
  }
  if (action.do === 'changeContents') {
    writes.push(`change the contents: ${action.steps.map(({ what, name }) => `${what} ${name}`).join(', ')}`);
    for (const step of action.steps) {
      if (step.makesRoom !== undefined) engine?.change(access, { statement: step.makesRoom });
      if (step.onlyIf === undefined || engine?.holds(access.id, step.onlyIf)) engine?.change(access, step);
      else foreign.push(step.name);
    }
  }
  const same = before?.podUid === podUid && before.credentials === credentials;
  const asked = { podUid, credentials, askedMs: now, sinceMs: (same ? before.sinceMs : undefined) ?? now };
  // As the operator does, which counts a database whose answer it did not get as one that it knows nothing of.
  const silent = { ok: false, kind: 'Unreachable', message: 'refused' } as const;
  const answer = (known ? engine?.ask(access) : undefined) ?? silent;
  const probe = same ? before.probe : undefined;
  const failures = answer.ok ? 0 : (before?.failures ?? 0) + 1;
  const generation = action.do === 'askDatabase' ? action.generation : undefined;
  const after = { ...memory, database: { ...asked, generation, failures, answer, probe } };
  return action.do === 'changeContents' && answer.ok
    ? { ...after, contents: sent(contentsOf(memory, access), action, answer.state, foreign, now) }
    : after;
}

function sent(
  before: ContentsKnowledge,
  { steps, generation }: ChangeContents,
  state: DatabaseState,
  others: readonly string[],
  now: number,
): ContentsKnowledge {
  const statements = new Map(before.sent);
  const revisions = new Map(before.revisions);
  const foreign = new Map(before.foreign);
  for (const step of steps) {
    statements.set(digestOf(step), { atMs: now, generation, times: 1, refusal: undefined });
    const shown = state.continuousQueries.find(({ name }) => name === step.name)?.query;
    const revision = revisionOf(step.mark ?? '', shown);
    if (step.what === 'DropContinuousQuery') revisions.delete(step.name);
    if (others.includes(step.name)) foreign.set(step.name, shown ?? '');
    if (step.mark !== undefined && revision !== undefined) revisions.set(step.name, revision);
  }
  return { ...before, sent: statements, revisions, foreign };
}

function contentsOf(
  { contents }: Memory,
  { podUid, credentials }: Pick<DatabaseAccess, 'podUid' | 'credentials'>,
): ContentsKnowledge {
  return contents?.podUid === podUid && contents.credentials === credentials
    ? contents
    : { podUid, credentials, sent: new Map(), revisions: new Map(), shards: undefined };
}
