import { ADMIN_KEY } from '../../addon/identity/admin-keys.ts';
import { childNames } from '../../addon/world/names.ts';
import { AGENT_PORT } from '../../backup/protocol.ts';
import type { TaskAction } from '../decision/action.ts';
import { jobAction, ownerOf } from './jobs.ts';
import { kindOf, type Backup } from '../decision/phase.ts';
import { BACKUP_REASON, type BackupReason } from '../decision/reasons.ts';
import type { BackupsWorld } from '../world/world.ts';

const DEADLINE_SECONDS = 6 * 3600;
/** What counting the points may cost the database; beyond it sizes and checksums have to do. */
const COUNTING = { maxSeries: 200_000, deadlineSeconds: 600 } as const;

export interface CannotBeMade {
  readonly reason: BackupReason;
  readonly message: string;
  /** Whether it may be possible later. */
  readonly retryable: boolean;
}

/** The Job that takes a backup, or why it cannot be made. */
export function backupJob(world: BackupsWorld, backup: Backup, name: string): TaskAction | CannotBeMade {
  const { addon, addonName, namespace, reach, settings } = world;
  const { addon: about, location, store: where } = backup.status ?? {};
  const store = world.stores.get(where?.name ?? '');
  if (about === undefined || location === undefined || store === undefined)
    return gone(BACKUP_REASON.storeMissing, `InfluxBackupStore ${where?.name} is gone.`);
  if (addon === undefined || addon.status?.id !== about.id)
    return gone(BACKUP_REASON.addonChanged, `The database ${about.id} is gone.`);
  if (reach === undefined || settings.image === undefined)
    return {
      reason: BACKUP_REASON.databaseNotRunning,
      message: 'The database does not run.',
      retryable: true,
    };
  const names = childNames(addonName);
  return jobAction(
    {
      name,
      namespace,
      subject: { kind: 'Addon', name: addonName },
      owner: ownerOf('InfluxBackup', backup),
      store,
      operation: {
        operation: 'backup',
        deadlineSeconds: DEADLINE_SECONDS,
        location,
        about: {
          name: backup.metadata.name,
          kind: kindOf(backup),
          addonName,
          addonUid: about.uid ?? '',
          plan: about.plan ?? '',
          class: about.class === 'Starter' ? 'Starter' : 'Business',
        },
        database: { host: reach.host, port: reach.port, tls: reach.tls, name: about.id },
        agent: { host: reach.podIp, port: AGENT_PORT },
        // For whom the store named when the backup was begun.
        recipients: [...(backup.status?.recipients ?? [])],
        counting: COUNTING,
      },
    },
    {
      addonName,
      image: settings.image,
      engineImage: reach.engineImage,
      dataBytes: world.volumeBytes,
      secrets: {
        agent: names.agentSecret,
        admin: {
          name: names.adminSecret,
          usernameKey: ADMIN_KEY.adminUsername,
          passwordKey: ADMIN_KEY.adminPassword,
        },
        ...(reach.tls ? { databaseAuthority: names.tlsSecret } : {}),
      },
    },
  );
}

function gone(reason: BackupReason, message: string): CannotBeMade {
  return { reason, message, retryable: false };
}
