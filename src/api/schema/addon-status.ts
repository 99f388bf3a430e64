import { z } from 'zod';
import { condition, observedGeneration } from './condition.ts';
import { atomicList, doc, listBy, setOf } from './doc.ts';
import { anyText, instant } from './text.ts';

const name = (description: string) => anyText(253, description);

const backup = (description: string) =>
  doc(
    z.strictObject({ name: name('The InfluxBackup.'), time: instant('When it was taken or verified.') }),
    description,
  );

/** Beyond the 200 that are told by name. */
export const MAX_MORE_QUERIES = 500;

export const addonStatus = doc(
  z.strictObject({
    observedGeneration,
    id: anyText(
      64,
      'Name of the database, made once: <name>_<number>; of its user too, which has _b behind it after every other rotation.',
    ).optional(),
    plan: name('The plan in force.').optional(),
    version: anyText(16, 'The version in force.').optional(),
    state: anyText(16, 'Running | Stopped, as it is.').optional(),
    availableUpgrades: setOf(
      anyText(16, 'A version.'),
      64,
      'Versions that spec.version may be set to, oldest first.',
    ).optional(),
    endpoint: anyText(512, 'URL inside the cluster, without credentials.').optional(),
    externalEndpoint: anyText(512, 'URL outside the cluster, without credentials.').optional(),
    user: anyText(64, 'User in the connection URL, when that is not the id.').optional(),
    urlSecret: name('The Secret with the connection URL.').optional(),
    adminSecret: name('The Secret with the administrator.').optional(),
    tlsSecret: name('The Secret with the certificate.').optional(),
    binding: doc(
      z.strictObject({ name: name('Name of the Secret.') }),
      'The Secret of the Service Binding specification (Provisioned Service).',
    ).optional(),
    apps: listBy(
      ['kind', 'name'],
      z.strictObject({
        kind: anyText(63, 'Kind of the workload.'),
        name: name('Name of the workload.'),
        revision: anyText(64, 'Revision it was restarted for last.').optional(),
        restartedAt: instant('When that was.').optional(),
        restarting: doc(z.boolean(), 'It was restarted and has not been seen rolled out since.').optional(),
        frozen: anyText(
          64,
          'Hash of what its Secrets held when one of them was made immutable: kubelets may go on handing that out.',
        ).optional(),
        againAfter: instant(
          'After it, and when it is rolled out, it is restarted once more: it may have got what a Secret held before.',
        ).optional(),
        injectedTemplate: anyText(
          64,
          'Hash of the pod template, as its owner wrote it, that got the variables.',
        ).optional(),
        reinjected: doc(z.boolean(), 'Of an earlier release; it means nothing any more.').optional(),
        lost: doc(
          z.strictObject({
            at: atomicList(instant('When.'), 5, 'When that was seen, the last five times.'),
            generation: doc(z.int().min(0), 'Of the spec for which they were added again last.'),
            contestedAt: instant('Since when they are added once an hour only.').optional(),
            triedAt: instant('When they were added once more after that.').optional(),
          }),
          'The variables were taken out of that template, by somebody else.',
        ).optional(),
      }),
      64,
      'What each bound app was restarted for.',
    ).optional(),
    appsReady: anyText(16, 'Bound apps that run with what they depend on, of all: 1/1.').optional(),
    storage: doc(
      z.strictObject({
        className: name('StorageClass of the volume.').optional(),
        requested: anyText(20, 'Size asked for.').optional(),
        actual: anyText(20, 'Size of the volume.').optional(),
        claim: name('The volume claim, when a restore has brought another than the first.').optional(),
        uid: name('UID of the volume claim that the database last answered from.').optional(),
        volume: name('The PersistentVolume under it.').optional(),
      }),
      'The volume.',
    ).optional(),
    certificate: doc(
      z.strictObject({
        notAfter: instant('End of the certificate.').optional(),
        caNotAfter: instant('End of the authority that signed it.').optional(),
      }),
      'The certificate the database shows.',
    ).optional(),
    retentionPolicies: listBy(
      ['name'],
      z.strictObject({
        name: name('Name of the retention policy.'),
        duration: anyText(32, 'How long it keeps points; INF for no end.'),
        shardDuration: anyText(32, 'Length of its shard groups.'),
        default: doc(z.boolean(), 'It takes the writes that name none.').optional(),
        listed: doc(z.boolean(), 'The spec lists it, or did and its removal is under way.'),
      }),
      100,
      'Retention policies that the database has.',
    ).optional(),
    continuousQueries: listBy(
      ['name'],
      z.strictObject({
        name: name('Name of the continuous query.'),
        listed: doc(z.boolean(), 'The spec lists it, or did and its removal is under way.'),
        revision: anyText(64, 'Hash of the query as listed and as the database has it.').optional(),
        text: anyText(16, 'Hash of one that is not listed: it changes with its text.').optional(),
      }),
      200,
      'Continuous queries that the database has.',
    ).optional(),
    moreContinuousQueries: atomicList(
      anyText(16, 'Hash of one of them, as above.'),
      MAX_MORE_QUERIES,
      'Continuous queries that are not listed, for which there is no room above.',
    ).optional(),
    users: listBy(
      ['name'],
      z.strictObject({
        name: name('Name of the user.'),
        listed: doc(z.boolean(), 'The spec lists it, or did and its removal is under way.'),
        administrator: doc(z.boolean(), 'It may do everything.').optional(),
        secret: name('The Secret with its URL.').optional(),
      }),
      200,
      'Users that the database has besides the administrator and the user of the application.',
    ).optional(),
    backups: doc(
      z.strictObject({
        last: backup('The newest backup.').optional(),
        next: instant('When the next one is due.').optional(),
        lastVerified: backup('The newest backup that was restored for a test.').optional(),
      }),
      'Backups of the database.',
    ).optional(),
    maintenance: doc(
      z.strictObject({
        window: anyText(64, 'The window in words, UTC.').optional(),
        next: instant('Start of the window that is waited for; only while something waits.').optional(),
        pending: listBy(
          ['what'],
          z.strictObject({
            what: anyText(253, 'What waits.'),
            since: instant('Since when.'),
            latest: instant('When it can wait no longer for the window.').exactOptional(),
          }),
          16,
          'What waits for the window.',
        ).optional(),
        startedAt: instant('When maintenance began that is under way.').optional(),
        past: atomicList(
          z.strictObject({ at: instant('When it ended.'), what: anyText(253, 'What was brought.') }),
          5,
          'Maintenance that took place, the last first.',
        ).optional(),
      }),
      'Maintenance by the platform.',
    ).optional(),
    rotation: doc(
      z.strictObject({
        phase: anyText(16, 'Waiting | Preparing | Overlapping | Revoking.'),
        since: instant('When the phase began.').optional(),
        formerUser: anyText(64, 'User of the former credentials, dropped at the end.').optional(),
        formerUntil: instant(
          'The former credentials work until then, and until the apps have new ones.',
        ).optional(),
        message: anyText(1024, 'What is waited for.'),
      }),
      'A change of the credentials that is asked for or under way.',
    ).optional(),
    restore: doc(
      z.strictObject({
        name: name('The InfluxRestore.'),
        uid: anyText(64, 'Its UID.'),
        writesRefusedAt: instant('Since when writes are answered with an error.'),
      }),
      'A restore into the addon that is under way.',
    ).optional(),
    accepted: doc(
      z.strictObject({
        revision: anyText(64, 'Hash of the rest of that spec.'),
        deletionPolicy: anyText(16, 'Its deletionPolicy.'),
        deletionProtection: anyText(16, 'Its deletionProtection, when that was Enabled.').optional(),
        autoGrow: anyText(16, 'Its storage.autoGrow, when that was Enabled.').optional(),
        variables: atomicList(
          name('A variable with the URL.'),
          2,
          'Its variables, the prefix first, when they are not those of the default.',
        ).optional(),
      }),
      'What still counts of the last spec that was accepted while another one is refused: of its words and the present ones about deletion, those that keep more.',
    ).optional(),
    lastHandled: doc(
      z.strictObject({
        rotate: name('The token of influxaddon.dev/rotate.').optional(),
        maintainNow: name('The token of influxaddon.dev/maintain-now.').optional(),
        restart: name('The token of influxaddon.dev/restart.').optional(),
        startEmpty: name('The value of influxaddon.dev/start-empty.').optional(),
      }),
      'Tokens of annotations that were acted on.',
    ).optional(),
    dataPlane: doc(
      z.strictObject({
        revision: anyText(128, 'Hash of what the running database was made from.').optional(),
        verifiedAt: instant('When it answered an authenticated write and query.').optional(),
        starts: doc(
          z.int().min(0),
          'How often it was started after having been stopped by spec.state.',
        ).optional(),
        stopping: doc(
          z.boolean(),
          'It is being stopped by spec.state: the next start counts, also one that comes before its pod is gone.',
        ).optional(),
        apps: anyText(64, 'Revision that apps are restarted for, when it was last looked at.').optional(),
        healing: doc(
          z.strictObject({
            pod: anyText(64, 'UID of the pod that was ended for it.'),
            at: instant('When that was.'),
            times: doc(z.int().min(1), 'How often within the last hours.'),
          }),
          'The last restart for a fault that a start of the pod heals: another one comes only much later.',
        ).optional(),
      }),
      'The database that runs.',
    ).optional(),
    conditions: listBy(['type'], condition, 32, 'What is true of the addon.').optional(),
  }),
  'What is.',
).meta({ default: { observedGeneration: -1 } });
