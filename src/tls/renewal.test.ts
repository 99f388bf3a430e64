import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeAuthority, type Authority } from './authority.ts';
import { inspect, type Inspection } from './inspect.ts';
import { issueLeaf } from './leaf.ts';
import { serviceNames } from './names.ts';
import { authorityDueAt, leafDueAt, leafFault, restartForLeaf } from './renewal.ts';
import { day, NOW } from './testing/certificates.ts';

const names = serviceNames('my-app-influx', 'shop', 'cluster.local', ['2001:db8::1']);
const UID = '0d6c1f0e-5d55-4bd5-9a5e-1f3d7f0c8a11';

let present: Authority;
let following: Authority;
let stored: Inspection;
let ids: { present: string; following: string };

beforeAll(async () => {
  present = await makeAuthority({ commonName: 'one', now: NOW });
  following = await makeAuthority({ commonName: 'two', now: NOW });
  const leaf = await issueLeaf({ authority: present, now: NOW, ...names });
  stored = look(leaf, present.certPem + following.certPem);
  ids = { present: idOf(present), following: idOf(following) };
});

function look(leaf: { certPem: string; keyPem: string }, caPem: string): Inspection {
  const found = inspect({ ...leaf, caPem });
  if (typeof found === 'string') throw new Error(found);
  return found;
}

function idOf({ certPem, keyPem }: Authority): string {
  return look({ certPem, keyPem }, certPem).leaf.fingerprint;
}

function wanted(more: Partial<Parameters<typeof leafFault>[1]> = {}) {
  return { names, signing: ids.present, trusted: [ids.present, ids.following], ...more };
}

describe('leafFault', () => {
  it('leaves a certificate alone until it is due', () => {
    const due = leafDueAt(stored.leaf, UID);
    expect(leafFault(stored, wanted(), UID, NOW)).toBeUndefined();
    expect(leafFault(stored, wanted(), UID, new Date(due.getTime() - 1))).toBeUndefined();
    expect(leafFault(stored, wanted(), UID, due)).toBe('Due');
  });

  it('misses one that is not there or has no key that fits', () => {
    expect(leafFault(undefined, wanted(), UID, NOW)).toBe('Missing');
    expect(leafFault({ ...stored, keyMatches: false }, wanted(), UID, NOW)).toBe('Missing');
    expect(leafFault({ ...stored, keyMatches: undefined }, wanted(), UID, NOW)).toBe('Missing');
  });

  it('does not keep one of a stranger, as after certificateRef was taken out of the spec', async () => {
    const stranger = await makeAuthority({ commonName: 'one', now: NOW });
    const leaf = await issueLeaf({ authority: stranger, now: NOW, ...names });
    expect(leafFault(look(leaf, present.certPem), wanted(), UID, NOW)).toBe('NotOurs');
    expect(leafFault(look(leaf, stranger.certPem), wanted(), UID, NOW)).toBe('NotOurs');
  });

  it('replaces one of an authority that no longer signs, and lets one of it be while it does', () => {
    expect(leafFault(stored, wanted({ signing: ids.following }), UID, NOW)).toBe('OtherAuthority');
  });

  it('replaces one that lacks a name or an address, and keeps one with too many', () => {
    const more = serviceNames('my-app-influx', 'shop', 'cluster.local', ['2001:db8::1', 'db.example.com']);
    const address = serviceNames('my-app-influx', 'shop', 'cluster.local', ['2001:db8::2']);
    const fewer = serviceNames('my-app-influx', 'shop', 'cluster.local');
    expect(leafFault(stored, wanted({ names: more }), UID, NOW)).toBe('OtherNames');
    expect(leafFault(stored, wanted({ names: address }), UID, NOW)).toBe('OtherNames');
    expect(leafFault(stored, wanted({ names: fewer }), UID, NOW)).toBeUndefined();
  });
});

describe('renewal dates', () => {
  const life = { notBefore: day(0), notAfter: day(360) };

  it('lie at two thirds of life for an authority', () => {
    expect(authorityDueAt(life)).toEqual(day(240));
  });

  it('lie up to a twelfth of life before two thirds for a server, the same for the same UID', () => {
    fc.assert(
      fc.property(fc.uuid(), (uid) => {
        const due = leafDueAt(life, uid);
        expect(due.getTime()).toBeGreaterThan(day(210).getTime() - 1);
        expect(due.getTime()).toBeLessThanOrEqual(day(240).getTime());
        expect(leafDueAt(life, uid)).toEqual(due);
      }),
    );
  });

  it('spread a fleet that was made in one minute over the whole of that time', () => {
    const weeks = new Map<number, number>();
    for (let i = 0; i < 1000; i += 1) {
      const week = Math.floor(
        (leafDueAt(life, `uid-${i}`).getTime() - day(210).getTime()) / (6 * 86_400_000),
      );
      weeks.set(week, (weeks.get(week) ?? 0) + 1);
    }
    expect([...weeks.keys()].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
    for (const count of weeks.values()) expect(count).toBeGreaterThan(140);
  });
});

describe('restartForLeaf', () => {
  const shown = { fingerprint: 'a', notAfter: day(100) };

  it('asks for a restart when the Secret holds another certificate than the database read, days before it ends', () => {
    expect(restartForLeaf(shown, { fingerprint: 'b' })).toEqual({ latest: day(97) });
  });

  it('asks for none while they are the same, or without TLS', () => {
    expect(restartForLeaf(shown, { fingerprint: 'a' })).toBeUndefined();
    expect(restartForLeaf(undefined, { fingerprint: 'b' })).toBeUndefined();
  });
});
