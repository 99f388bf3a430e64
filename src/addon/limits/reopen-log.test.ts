import { describe, expect, it } from 'vitest';
import type { PersistentVolumeClaim } from '../../kube/objects/kinds.ts';
import type { Measured } from '../world/memory.ts';
import { live, NO_CHILDREN, worldOf } from '../testing/fixtures.ts';
import { figuresOf, measuredOf } from '../testing/measured.ts';
import { podOf } from '../testing/pods.ts';
import { NO_MEMORY } from '../world/memory.ts';
import { refusesForThePast } from './reopen-log.ts';

const MiB = 2 ** 20;
const claim = live<PersistentVolumeClaim>({
  spec: { resources: { requests: { storage: '256Mi' } } },
  status: { capacity: { storage: '256Mi' } },
});
const { uid: podUid } = podOf().metadata;

describe('a database on a volume of 256Mi', () => {
  it.each<{ what: string; measured: Partial<Measured>; is: boolean }>([
    { what: 'could not write when it had 128Mi', measured: { fullBytes: 128 * MiB }, is: true },
    { what: 'takes a probe since', measured: { fullBytes: 128 * MiB, volumeBytes: 256 * MiB }, is: true },
    { what: 'is full as it is', measured: { full: true, fullBytes: 256 * MiB }, is: false },
    { what: 'was never full', measured: {}, is: false },
    {
      what: 'has begun its log anew',
      measured: { fullBytes: 128 * MiB, figures: figuresOf({ logErrors: 0 }) },
      is: false,
    },
    { what: 'is another pod', measured: { podUid: 'before', fullBytes: 128 * MiB }, is: false },
  ])('is restarted if it refuses writes for want of space that is there by now: $what: $is', (row) => {
    const measured = measuredOf({ podUid, figures: figuresOf({ logErrors: 3 }), ...row.measured });
    const world = worldOf({
      pod: podOf(),
      children: { ...NO_CHILDREN, claim },
      memory: { ...NO_MEMORY, measured },
    });
    expect(refusesForThePast(world)).toBe(row.is);
  });

  it('is let be when nothing is known of it', () => {
    expect(refusesForThePast(worldOf({ pod: podOf(), children: { ...NO_CHILDREN, claim } }))).toBe(false);
  });
});
