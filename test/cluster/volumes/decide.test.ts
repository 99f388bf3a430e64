import type { PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import { expect, test } from 'vitest';
import { decide, persistentVolumeFor } from './decide.ts';

const selected = { 'volume.kubernetes.io/selected-node': 'bed' };

interface ClaimParts {
  asked?: string;
  shown?: string;
  className?: string;
  phase?: string;
  annotations?: Record<string, string>;
  volumeName?: string;
  resizing?: boolean;
  deleted?: boolean;
}

function claim(parts: ClaimParts = {}): PersistentVolumeClaim {
  const { asked = '64Mi', className = 'bed-local', phase = 'Pending', annotations = selected } = parts;
  const deletion = parts.deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {};
  return {
    metadata: { name: 'data', namespace: 'shop', uid: 'u1', annotations, ...deletion },
    spec: {
      accessModes: ['ReadWriteOncePod'],
      storageClassName: className,
      resources: { requests: { storage: asked } },
      ...(parts.volumeName ? { volumeName: parts.volumeName } : {}),
    },
    status: {
      phase,
      ...(parts.shown ? { capacity: { storage: parts.shown } } : {}),
      ...(parts.resizing ? { conditions: [{ type: 'Resizing', status: 'True' }] } : {}),
    },
  };
}

function volume(capacity = '64Mi', phase = 'Bound', policy = 'Delete'): PersistentVolume {
  const made = persistentVolumeFor(claim({ asked: capacity }), '/disks/pvc-u1', 'bed');
  return { ...made, spec: { ...made.spec, persistentVolumeReclaimPolicy: policy }, status: { phase } };
}

const bound = (parts: ClaimParts): PersistentVolumeClaim =>
  claim({ phase: 'Bound', volumeName: 'pvc-u1', ...parts });

const kinds = (claims: PersistentVolumeClaim[], volumes: PersistentVolume[] = []): string[] =>
  decide(claims, volumes, 'bed').map((action) => action.do);

test('a pending claim of our class is provisioned when the scheduler has chosen this node', () => {
  expect(kinds([claim()])).toEqual(['provision']);
  expect(kinds([claim({ annotations: {} })])).toEqual([]);
  expect(kinds([claim({ annotations: { 'volume.kubernetes.io/selected-node': 'other' } })])).toEqual([]);
});

test('a claim of another class, one with a volume already and one being deleted are left alone', () => {
  expect(kinds([claim({ className: 'fast' })])).toEqual([]);
  expect(kinds([claim()], [volume('64Mi', 'Available')])).toEqual([]);
  expect(kinds([claim({ deleted: true })])).toEqual([]);
});

test('a bound claim that asks for more than its volume has is expanded, one that asks for less is not', () => {
  expect(kinds([bound({ asked: '128Mi', shown: '64Mi' })], [volume('64Mi')])).toEqual(['expand']);
  expect(kinds([bound({ asked: '65536Ki', shown: '64Mi' })], [volume('64Mi')])).toEqual([]);
  expect(kinds([bound({ asked: '32Mi', shown: '64Mi' })], [volume('64Mi')])).toEqual([]);
});

test('an expansion that was interrupted after the disk had grown is finished in the claim', () => {
  expect(kinds([bound({ asked: '128Mi', shown: '64Mi' })], [volume('128Mi')])).toEqual(['finishExpansion']);
  const left = bound({ asked: '128Mi', shown: '128Mi', resizing: true });
  expect(kinds([left], [volume('128Mi')])).toEqual(['finishExpansion']);
});

test('a released volume goes, unless it is to be retained or is not ours', () => {
  expect(kinds([], [volume('64Mi', 'Released')])).toEqual(['delete']);
  expect(kinds([], [volume('64Mi', 'Released', 'Retain')])).toEqual([]);
  expect(kinds([], [volume('64Mi', 'Available')])).toEqual([]);
  const foreign = volume('64Mi', 'Released');
  expect(kinds([], [{ ...foreign, metadata: { name: 'pvc-u1' } }])).toEqual([]);
});

test('the volume is bound to this one claim by uid and to this node', () => {
  const made = persistentVolumeFor(claim({ asked: '1Gi' }), '/disks/pvc-u1', 'bed');
  expect(made.metadata?.name).toBe('pvc-u1');
  expect(made.spec).toMatchObject({
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOncePod'],
    claimRef: { namespace: 'shop', name: 'data', uid: 'u1' },
    local: { path: '/disks/pvc-u1' },
  });
});
