import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { InfluxBackup } from '../../api/influx-backup.ts';
import type { InfluxBackupStore } from '../../api/influx-backup-store.ts';
import type { JobRequest } from '../../backup/job.ts';
import type { PlanClass } from '../../backup/keep.ts';
import type { BackupSettings } from '../../backup/settings.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Task } from './job-state.ts';

/** The database as a Job reaches it. */
export interface Reach {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Address of the pod, where its agent listens. */
  readonly podIp: string;
  /** What the pod runs. */
  readonly engineImage: string;
}

/** All that a decision about the backups of one addon, or of one that is gone, may look at. */
export interface BackupsWorld {
  readonly namespace: string;
  readonly addonName: string;
  /** UID of kube-system, by which a store tells clusters apart; undefined in the first moments. */
  readonly cluster: string | undefined;
  readonly namespaceTerminating: boolean;
  readonly addon: Live<InfluxAddon> | undefined;
  /** Of its plan; undefined without an addon, and when that is not known. */
  readonly planClass: PlanClass | undefined;
  /** Undefined while there is no pod that answers. */
  readonly reach: Reach | undefined;
  /** Of a server of its plan; undefined when that is not known. */
  readonly resources?: JobRequest['engineResources'];
  /** Size of the volume, bytes: no database is larger. */
  readonly volumeBytes: number;
  /** All that name the addon. */
  readonly backups: readonly Live<InfluxBackup>[];
  /** Whether something is being restored from the backup of this name, or waits to be. */
  readonly isNeeded: (name: string) => boolean;
  /** Whether the namespace has an InfluxBackup of this name, whatever it is of. */
  readonly isTaken: (name: string) => boolean;
  /** By name. */
  readonly stores: ReadonlyMap<string, Live<InfluxBackupStore>>;
  /** By name of the Job. */
  readonly tasks: ReadonlyMap<string, Task>;
  /** Backups of other addons that are being taken. */
  readonly busy: number;
  /** Backups of other addons that are being restored for a test. */
  readonly drilling: number;
  readonly settings: BackupSettings;
}
