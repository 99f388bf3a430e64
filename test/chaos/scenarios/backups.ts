import { InfluxAddon, InfluxBackup, InfluxBackupStore } from '../../../src/api/kinds.ts';
import type { Scenario } from '../scenario.ts';
import { ADDON, BACKUP, BY_HAND, INJECTED, type Stage } from '../lab/stage.ts';
import { isOver } from '../lab/settled.ts';
import { nothingOwned } from './ends.ts';

const SOON = {
  ok: false,
  operation: 'backup',
  reason: 'StoreUnreachable',
  message: 'no',
  retryable: true,
} as const;
const NEVER = { ...SOON, reason: 'StoreDenied', retryable: false } as const;

/** An app, a store, and a database with a point in it that can be backed up there. */
export async function withStore(stage: Stage): Promise<void> {
  await stage.app();
  await stage.store();
  await stage.addon({ apps: [...INJECTED], backups: BY_HAND });
  await stage.settled();
  await stage.settled('a store that is checked', () => isReady(stage, InfluxBackupStore, 'nightly'));
  await stage.write('before');
}

/** And that has been backed up. */
export async function backedUp(stage: Stage): Promise<void> {
  await withStore(stage);
  await stage.backup();
  await stage.settled('backed up', () => isBackedUp(stage));
}

export const backup: Scenario = {
  name: 'backup',
  about: 'a backup by hand: one Job, one whole object set',
  engine: 'Fake',
  setup: withStore,
  act: async (stage) => await stage.backup(),
  done: isBackedUp,
};

export const backupTriedAgain: Scenario = {
  ...backup,
  name: 'backup-tried-again',
  about: 'a backup whose first Job finds the store away: one more Job, one whole object set',
  act: async (stage) => {
    let first: string | undefined;
    stage.jobs.behaviour = ({ operation }, { metadata }) => {
      if (operation !== 'backup') return undefined;
      first ??= metadata.uid;
      return first === metadata.uid ? SOON : undefined;
    };
    await stage.backup();
  },
};

export const backupFails: Scenario = {
  ...backup,
  name: 'backup-fails',
  about: 'a backup that the store refuses: told, and not tried again',
  act: async (stage) => {
    stage.jobs.behaviour = ({ operation }) => (operation === 'backup' ? NEVER : undefined);
    await stage.backup();
  },
  done: (stage) => isOver(stage.lab.recorder, stage.namespace) && reason(stage) === NEVER.reason,
};

export const backupDeleted: Scenario = {
  name: 'backup-deleted',
  about: 'a backup is deleted with what it has in the store',
  engine: 'Fake',
  setup: async (stage) => {
    await withStore(stage);
    await stage.backup({ deletionPolicy: 'Delete' });
    await stage.settled('backed up', () => isBackedUp(stage));
  },
  act: async (stage) => await stage.delete(InfluxBackup, BACKUP),
  done: (stage) =>
    isOver(stage.lab.recorder, stage.namespace) && stage.seen(InfluxBackup, BACKUP) === undefined,
};

export const deleteWithBackup: Scenario = {
  name: 'delete-with-backup',
  about: 'an addon is deleted under Backup: a last one is taken, and only then the volume goes',
  engine: 'Fake',
  allows: { volumes: 1 },
  setup: async (stage) => {
    await withStore(stage);
    await stage.edit({ deletionPolicy: 'Backup' });
  },
  act: async (stage) => await stage.delete(InfluxAddon, ADDON),
  done: nothingOwned,
};

export function isBackedUp(stage: Stage): boolean {
  const { status } = stage.seen(InfluxAddon, ADDON) ?? {};
  return (
    isOver(stage.lab.recorder, stage.namespace) &&
    isReady(stage, InfluxBackup, BACKUP) &&
    status?.backups?.last?.name === BACKUP
  );
}

function isReady(stage: Stage, kind: typeof InfluxBackup | typeof InfluxBackupStore, name: string): boolean {
  const found = kind === InfluxBackup ? stage.seen(InfluxBackup, name) : stage.seen(InfluxBackupStore, name);
  return (
    found?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  );
}

function reason(stage: Stage): string | undefined {
  return stage.seen(InfluxBackup, BACKUP)?.status?.conditions?.find(({ type }) => type === 'Ready')?.reason;
}
