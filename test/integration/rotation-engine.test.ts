import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { askDatabase, changeDatabase, probeDatabase } from '../../src/addon/act/database.ts';
import { databaseState } from '../../src/addon/database/state.ts';
import type { Facts } from '../../src/addon/world/facts.ts';
import { Memories } from '../../src/addon/observe/memories.ts';
import { revoking } from '../../src/addon/identity/rotation-phases.ts';
import { nextTurn } from '../../src/addon/rotation/turns.ts';
import { namesOf } from '../../src/addon/identity/users.ts';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { addonOf, countingFresh, FACTS, worldOf } from '../../src/addon/testing/fixtures.ts';
import { Keeper } from '../../src/addon/testing/keeper.ts';
import { podOf, readyStatus } from '../../src/addon/testing/pods.ts';
import { InfluxClient } from '../../src/influx/v1/client.ts';
import { type Credentials } from '../../src/influx/credentials.ts';
import { InfluxError } from '../../src/influx/influx-error.ts';
import { rows } from '../../src/influx/v1/results.ts';
import type { InfluxTls, InfluxTransport } from '../../src/influx/transport.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { VirtualClock } from '../../src/kube/testing/virtual-clock.ts';
import { pick } from '../size.ts';
import { eventually } from './children.ts';
import { type Blow, Fuse } from './fuse.ts';
import { selfSigned } from './influx-certificate.ts';
import { Pod, transport, VERSIONS } from './influx-process.ts';

const UID = 'addon-uid';
const { signal } = new AbortController();
const FRESH = countingFresh('fresh');

/** The operator's rules about one database, with facts in a variable instead of a Secret. */
class Rotator {
  facts: Facts = FACTS;
  readonly #pod: Pod;
  #memories = new Memories();
  #influx: InfluxTransport;

  constructor(pod: Pod) {
    this.#pod = pod;
    this.#influx = this.#through(transport);
  }

  /** A new process, which remembers nothing; its statements go through the fuse. */
  restart(fuse?: Fuse): void {
    this.#memories = new Memories();
    const inner = this.#through(transport);
    this.#influx = fuse === undefined ? inner : fuse.wrapInflux(inner);
  }

  /** Goes on until the database is as it should be and no turn is next, or until the fuse blows. */
  async run(token: string, fuse?: Fuse): Promise<void> {
    let dead = false;
    void fuse?.blown.then(() => (dead = true));
    const actor = { influx: this.#influx, memories: this.#memories, clock: systemClock };
    const pod = podOf(readyStatus(new Date().toISOString()));
    for (let step = 0; step < 80; step += 1) {
      if (dead) return;
      const memory = this.#memories.get(UID);
      const nowMs = Date.now();
      const next = databaseState({
        pod,
        facts: this.facts,
        knowledge: memory.database,
        revision: 'r',
        verifiedRevision: 'r',
        tls: undefined,
        nowMs,
      });
      if (next.state === 'Act') {
        const { action } = next;
        if (action.do === 'askDatabase') await askDatabase(actor, UID, action.access, signal);
        else if (action.do === 'changeDatabase')
          await changeDatabase(actor, UID, action.access, action.steps, signal);
        else if (action.do === 'probeDatabase')
          await probeDatabase(actor, UID, action.access, action.revision, signal);
        continue;
      }
      if (next.state !== 'Answering') {
        await sleep('retryMs' in next ? next.retryMs : next.recheckMs);
        continue;
      }
      const annotations = { 'influxaddon.dev/rotate': token };
      const addon = addonOf({}, { metadata: { annotations } });
      const world = worldOf({ addon, pod, memory });
      const turn = nextTurn(world, this.facts, { mayBegin: true, fresh: FRESH, now: new Date(nowMs) });
      if (turn === undefined) return;
      this.facts = turn.facts;
    }
    throw new Error(`no end: ${JSON.stringify(this.facts.rotation?.phase)}`);
  }

  #through(inner: InfluxTransport): InfluxTransport {
    return {
      send: (request) => inner.send({ ...request, ...this.#pod.endpoint }),
      close: () => inner.close(),
    };
  }
}

async function login(pod: Pod, credentials: Credentials): Promise<string> {
  return await pod
    .client(credentials)
    .query('SHOW DATABASES')
    .then(
      () => 'accepted',
      (reason: unknown) => InfluxError.from(reason).kind,
    );
}

/** Starts the pod with the statements that the Secret has for these facts. */
async function start(pod: Pod, facts: Facts) {
  await pod.mountAdmin({ username: 'admin', password: facts.adminPassword });
  expect(await pod.bootstrap()).toMatchObject({ code: 0 });
  return await pod.engine();
}

describe.each(pick(VERSIONS.slice(-1), VERSIONS))('a rotation in InfluxDB %s', (version) => {
  it('has no moment without a login, and ends the former passwords, wherever the operator dies', async () => {
    await using pod = await Pod.create(version);
    const rotator = new Rotator(pod);
    await start(pod, rotator.facts);
    rotator.facts = { ...FACTS, rotatedFor: 'none' };
    await rotator.run('none');
    let published: Credentials = rotator.facts;
    const seen = new Set<string>();
    await using _ = repeatedly(async () => {
      const who = published;
      const what = await login(pod, who);
      // A refusal counts while these are the ones that are published.
      if (what === 'accepted' || who === published) seen.add(what);
    });
    for (const blow of ['Applied', 'Lost'] satisfies Blow[]) {
      for (let after = 1; ; after += 1) {
        const before = rotator.facts;
        const token = `${blow}-${after}`;
        const fuse = new Fuse(after, blow);
        rotator.restart(fuse);
        await rotator.run(token, fuse);
        rotator.restart();
        await rotator.run(token);
        expect(rotator.facts.rotation).toMatchObject({ phase: 'Overlapping', username: before.username });
        // Apps that have not followed log in with the former, those that have with the new one.
        expect(await login(pod, before)).toBe('accepted');
        published = rotator.facts;
        expect(await login(pod, published)).toBe('accepted');
        rotator.facts = revoking(rotator.facts, new Date());
        await rotator.run(token);
        expect(rotator.facts.rotation).toBeUndefined();
        expect(await login(pod, before)).toBe('Unauthorized');
        expect(await login(pod, { username: 'admin', password: before.adminPassword })).toBe('Unauthorized');
        const admin = pod.client({ username: 'admin', password: rotator.facts.adminPassword });
        expect(rows(await admin.one('SHOW USERS'))).toEqual([
          { user: 'admin', admin: true },
          { user: rotator.facts.username, admin: false },
        ]);
        if (fuse.writes.length < after) {
          expect(fuse.writes).toEqual(['CREATE USER', 'GRANT ALL', 'SET PASSWORD']);
          break;
        }
      }
    }
    expect([...seen]).toEqual(['accepted']);
  });

  it('locks nobody out when the pod starts in the middle of it, also with a Secret that was mounted before', async () => {
    await using pod = await Pod.create(version);
    const rotator = new Rotator(pod);
    let engine = await start(pod, rotator.facts);
    rotator.facts = { ...FACTS, rotatedFor: 'none' };
    await rotator.run('none');
    const moments = (['Present', 'Former'] as const).flatMap((mounted) =>
      [1, 2, 3].map((after) => ({ mounted, after })),
    );
    // The user is made, and has no rights; the administrator has another password than the files say.
    const sample: typeof moments = [
      { mounted: 'Present', after: 1 },
      { mounted: 'Former', after: 3 },
    ];
    for (const { mounted, after } of pick(sample, moments)) {
      const before = rotator.facts;
      const token = `${mounted}-${after}`;
      const fuse = new Fuse(after, 'Applied');
      rotator.restart(fuse);
      await rotator.run(token, fuse);
      await engine.terminate();
      engine = await start(pod, mounted === 'Former' ? before : rotator.facts);
      rotator.restart();
      await rotator.run(token);
      expect(rotator.facts.rotation?.phase).toBe('Overlapping');
      // The container's files may be older than the Secret for a minute.
      await engine.terminate();
      engine = await start(pod, mounted === 'Former' ? before : rotator.facts);
      rotator.restart();
      await rotator.run(token);
      expect(await login(pod, { username: 'admin', password: rotator.facts.adminPassword })).toBe('accepted');
      expect(await login(pod, before)).toBe('accepted');
      rotator.facts = revoking(rotator.facts, new Date());
      await rotator.run(token);
      expect(await login(pod, rotator.facts)).toBe('accepted');
      expect(await login(pod, before)).toBe('Unauthorized');
      expect(await login(pod, { username: 'admin', password: before.adminPassword })).toBe('Unauthorized');
    }
  });
});

/** Does something again and again, without a break, until it is let go. */
function repeatedly(what: () => Promise<void>): AsyncDisposable {
  let ended = false;
  const running = (async () => {
    while (!ended) await what();
  })();
  running.catch(() => undefined);
  return {
    async [Symbol.asyncDispose]() {
      ended = true;
      await running;
    },
  };
}

const SPEC: Partial<InfluxAddonSpec> = {
  users: [
    { name: 'reader', access: 'Read' },
    { name: 'writer', access: 'Write' },
  ],
};
const CASES = VERSIONS.flatMap((version) => [
  { version, tls: false },
  { version, tls: true },
]);

/** At each of the seven statements, and at none. */
const EVERY = [1, 2, 3, 4, 5, 6, 7, Infinity];
/** A user without rights, all of them without anybody who knows, and none; the first and a middle one lost. */
const SAMPLE_OF: Readonly<Record<Blow, number[]>> = { Applied: [4, 7, Infinity], Lost: [1, 5] };
const SAMPLE: typeof CASES = [
  { version: '1.8.10', tls: false },
  { version: '1.8.10', tls: true },
];

describe.each(pick(SAMPLE, CASES))(
  'a rotation of further users in InfluxDB $version, TLS $tls',
  ({ version, tls }) => {
    // One of them is interrupted everywhere: what follows from an interruption does not depend on the engine.
    const isInterrupted = version === '1.8.10' && !tls;

    it('lets each log in all the time, with its own rights only, and ends the former passwords', async () => {
      await using pod = await Pod.create(version);
      await pod.mountAdmin({ username: 'admin', password: FACTS.adminPassword });
      expect(await pod.bootstrap()).toMatchObject({ code: 0 });
      const { tlsDir, ...trust } = tls ? await selfSigned(pod.dir) : { tlsDir: undefined };
      const endpoint = { ...pod.endpoint, ...(tlsDir === undefined ? {} : { tls: trust as InfluxTls }) };
      pod.startEngine(tlsDir === undefined ? {} : { tlsDir });
      const clock = new VirtualClock(Date.now());
      const influx: InfluxTransport = {
        send: (request) => transport.send({ ...request, ...endpoint }),
        close: () => Promise.resolve(),
      };
      const wait = (ms: number) => clock.advance(ms);
      const facts = { ...FACTS, rotatedFor: 'none' };
      const keeper = new Keeper({ influx, clock, facts, spec: SPEC, wait });
      await eventually('an engine that answers', async () => {
        await new InfluxClient(transport, endpoint).ping();
        return true;
      });
      await keeper.rest();
      const as = (credentials: Credentials) => new InfluxClient(transport, endpoint, credentials);
      const logins = (): Credentials[] =>
        Object.entries(keeper.facts.contents?.passwords ?? {}).map(([user, password]) => ({
          username: namesOf(keeper.facts, user).present,
          password,
        }));
      const entering = async (who: readonly Credentials[]) =>
        await Promise.all(
          who.map((each) =>
            as(each)
              .query('SHOW DATABASES')
              .then(
                () => 'accepted',
                (reason: unknown) => InfluxError.from(reason).kind,
              ),
          ),
        );

      const blows: Blow[] = isInterrupted ? ['Applied', 'Lost'] : ['Applied'];
      for (const blow of blows) {
        for (const after of isInterrupted ? pick(SAMPLE_OF[blow], EVERY) : [Infinity]) {
          const before = logins();
          expect(await entering(before)).toEqual(['accepted', 'accepted']);
          keeper.token = `${blow}-${after}`;
          const fuse = new Fuse(after, blow);
          let dead = false;
          void fuse.blown.then(() => (dead = true));
          keeper.restart(fuse.wrapInflux(influx));
          while (!dead && (await keeper.step()) === undefined);
          expect(await entering(before)).toEqual(['accepted', 'accepted']);
          keeper.restart();
          await keeper.rest();
          expect(keeper.facts.rotation?.phase).toBe('Overlapping');
          const present = logins();
          expect(present.map(({ username }) => username)).not.toEqual(before.map(({ username }) => username));
          expect(await entering([...before, ...present])).toEqual(
            Array.from({ length: 4 }, () => 'accepted'),
          );
          const [reader, writer] = present.map(as);
          await writer?.write(FACTS.id, 'm v=1');
          await reader?.one('SELECT v FROM m', { db: FACTS.id });
          await expect(reader?.write(FACTS.id, 'm v=1')).rejects.toMatchObject({ kind: 'Forbidden' });
          await expect(writer?.one('SELECT v FROM m', { db: FACTS.id })).rejects.toMatchObject({
            kind: 'Forbidden',
          });
          keeper.facts = revoking(keeper.facts, new Date());
          await keeper.rest();
          expect(keeper.facts.rotation).toBeUndefined();
          expect(await entering(before)).toEqual(['Unauthorized', 'Unauthorized']);
          expect(await entering(present)).toEqual(['accepted', 'accepted']);
          if (after === Infinity) {
            expect(fuse.writes).toEqual([
              'CREATE USER',
              'GRANT ALL',
              'SET PASSWORD',
              'CREATE USER',
              'GRANT READ',
              'CREATE USER',
              'GRANT WRITE',
            ]);
          }
        }
      }
    });
  },
);
