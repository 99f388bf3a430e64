import { InfluxRestore } from '../../../src/api/kinds.ts';
import { isOver } from '../lab/settled.ts';
import { BACKUP, BY_HAND, INJECTED, RESTORE, type Stage } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';
import { backedUp } from './backups.ts';

const CORRUPT = {
  ok: false,
  operation: 'restore',
  reason: 'BackupCorrupt',
  message: 'no',
  retryable: false,
} as const;

export const restore: Scenario = {
  name: 'restore',
  about: 'a backup takes the place of what is in the database, whose volume stays; the app restarts once',
  engine: 'Fake',
  setup: async (stage) => {
    await backedUp(stage);
    await stage.write('after');
  },
  act: async (stage) => await stage.restore(),
  done: (stage) => isOver(stage.lab.recorder, stage.namespace) && reason(stage) === 'Completed',
};

export const restoreCorrupt: Scenario = {
  ...restore,
  name: 'restore-corrupt',
  about: 'a backup that turns out corrupt: the database stays as it is, and no volume is left behind',
  // The claim that was to take the backup's data.
  allows: { volumes: 1 },
  act: async (stage) => {
    stage.jobs.behaviour = ({ operation }) => (operation === 'restore' ? CORRUPT : undefined);
    await stage.restore();
  },
  done: (stage) => isOver(stage.lab.recorder, stage.namespace) && reason(stage) === CORRUPT.reason,
};

export const addonFromBackup: Scenario = {
  name: 'addon-from-backup',
  about: 'a new addon begins with the data of a backup',
  engine: 'Fake',
  setup: backedUp,
  act: async (stage) => {
    await stage.app('other');
    const apps = [{ ...INJECTED[0], name: 'other' }];
    await stage.addon({ apps, backups: BY_HAND, restoreFrom: { backupRef: { name: BACKUP } } }, 'copy');
  },
};

function reason(stage: Stage): string | undefined {
  return stage.seen(InfluxRestore, RESTORE)?.status?.conditions?.find(({ type }) => type === 'Ready')?.reason;
}
