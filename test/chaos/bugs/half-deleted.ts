import type { SeededBug } from './seeded-bug.ts';

export const halfDeleted: SeededBug = {
  name: 'half-deleted',
  about: 'the volume is deleted with the StatefulSet or not at all',
  shape: 'rabbitmq/cluster-operator 782: a crash between two deletions leaves the second undone for ever',
  file: 'addon/lifecycle/deletion.ts',
  find: '      [kinds.PersistentVolumeClaim, children.claim],',
  replace:
    '      [kinds.PersistentVolumeClaim, children.statefulSet === undefined ? undefined : children.claim],',
  caughtBy: 'delete-everything/crash/DELETE statefulsets/my-app-influx#1/applied, killed',
};
