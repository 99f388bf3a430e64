/** Stands for the address of the runbooks, which the chart fills in. */
export const RUNBOOKS = 'RUNBOOKS';

interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: 'critical' | 'warning';
  readonly summary: string;
}

/** Every replica may tell the same of an addon; who scrapes is no matter. */
const of = (metric: string): string => `max by (namespace, addon) (${metric})`;
const ADDON = '{{ $labels.namespace }}/{{ $labels.addon }}';

const ADDONS: readonly Alert[] = [
  {
    name: 'InfluxAddonUnavailable',
    // One that was stopped does not answer, and is Ready all the same.
    expr: `${of('influxaddon_available')} == 0 unless ${of('influxaddon_ready')} == 1`,
    for: '5m',
    severity: 'critical',
    summary: `The database of ${ADDON} does not answer.`,
  },
  {
    name: 'InfluxAddonNotReady',
    expr: `${of('influxaddon_ready')} == 0`,
    for: '30m',
    severity: 'warning',
    summary: `${ADDON} has not become what its spec asks for.`,
  },
  {
    name: 'InfluxAddonBackupsUnhealthy',
    expr: `${of('influxaddon_backups_healthy')} == 0`,
    for: '15m',
    severity: 'warning',
    summary: `A backup of ${ADDON} that was due is missing, or could not be verified.`,
  },
  {
    name: 'InfluxAddonBackupTooOld',
    // Not of addons that are gone or stopped, nor of those that are backed up by hand only. One that has a store and never
    // had a backup was unhealthy as long ago.
    expr: `((time() - ${of('influxaddon_backup_last_success_timestamp_seconds')} > 129600) or (${of('influxaddon_backups_healthy offset 36h')} == 0 unless ${of('influxaddon_backup_last_success_timestamp_seconds')})) and ${of('influxaddon_available')} == 1 and ${of('influxaddon_backups_healthy')} == 0`,
    for: '15m',
    severity: 'critical',
    summary: `The last backup of ${ADDON} is older than 36 hours, or there has been none for as long.`,
  },
  {
    name: 'InfluxAddonCertificateExpiring',
    expr: `${of('influxaddon_certificate_expiry_timestamp_seconds')} - time() < 604800`,
    for: '1h',
    severity: 'warning',
    summary: `The certificate of ${ADDON} ends within a week and was not renewed.`,
  },
  {
    name: 'InfluxAddonStorageFilling',
    expr: `predict_linear(${of('influxaddon_disk_used_bytes')}[6h:5m], 259200) > ${of('influxaddon_volume_bytes')} and ${of('influxaddon_disk_used_bytes')} > 0.5 * ${of('influxaddon_volume_bytes')}`,
    for: '1h',
    severity: 'warning',
    summary: `The volume of ${ADDON} will be full within three days.`,
  },
  {
    name: 'InfluxAddonStorageFull',
    expr: `${of('influxaddon_disk_used_bytes')} > 0.9 * ${of('influxaddon_volume_bytes')}`,
    for: '10m',
    severity: 'critical',
    summary: `The volume of ${ADDON} is more than 90 % full.`,
  },
  {
    name: 'InfluxAddonCardinalityHigh',
    expr: `${of('influxaddon_series')} > 0.9 * ${of('influxaddon_series_limit')}`,
    for: '30m',
    severity: 'warning',
    summary: `${ADDON} has nearly as many series as its plan is made for, or more.`,
  },
  {
    name: 'InfluxAddonNotMeasured',
    expr: `time() - ${of('influxaddon_measured_timestamp_seconds')} > 7200 and ${of('influxaddon_available')} == 1`,
    for: '30m',
    severity: 'warning',
    summary: `${ADDON} has not told for two hours how large it is: its limits are not watched.`,
  },
];

const OPERATOR: readonly Alert[] = [
  {
    name: 'InfluxAddonUpgradeStuck',
    // By addon: of a fleet that is brought up one after the other, one is at it all the time.
    expr: `max(influxaddon_maintenance_failures) > 0 or ${of('influxaddon_info{status="Upgrading"}')} > 0`,
    for: '1h',
    severity: 'warning',
    summary: `A database has not come back from maintenance or from an upgrade{{ with $labels.addon }}: {{ $labels.namespace }}/{{ . }}{{ end }}.`,
  },
  {
    name: 'InfluxAddonBackupsFailing',
    // The counter knows of no addon: the events of the namespaces do.
    expr: 'sum by (reason) (increase(influxaddon_backup_events_total{reason=~"BackupFailed|DrillFailed|RestoreFailed"}[1h])) > 0',
    for: '1m',
    severity: 'warning',
    summary:
      'A backup, a restore or the restore for a test was given up within the last hour: {{ $labels.reason }}.',
  },
  {
    name: 'InfluxAddonOperatorAbsent',
    // Of several installations each has a namespace. One that waits for another one has what it needs: see its metric.
    expr: 'absent(influxaddon_leader == 1) or max by (namespace) (influxaddon_leader) == 0 unless max by (namespace) (influxaddon_standby{because="installation"}) == 1',
    for: '5m',
    severity: 'critical',
    summary: 'No operator is working: changes, backups and repairs wait.',
  },
  {
    name: 'InfluxAddonOperatorStuck',
    // One controller may stand still while others work, and one installation while another does: that is a namespace each.
    // A queue of who waits to lead is never empty, and who leads may have nothing to do.
    expr: 'max by (namespace) (max by (namespace, controller) (influxaddon_queue_length and ignoring (controller) influxaddon_leader == 1) unless sum by (namespace, controller) (rate(influxaddon_reconcile_total[10m])) > 0) > 0 or max by (namespace) (influxaddon_watch_age_seconds) > 900',
    for: '10m',
    severity: 'critical',
    summary: 'The operator has work and does none of it, or hears nothing of the cluster.',
  },
  {
    name: 'InfluxAddonOperatorFailing',
    expr: 'sum by (namespace) (rate(influxaddon_reconcile_total{outcome=~"failed|timeout"}[10m])) > 0.5 * sum by (namespace) (rate(influxaddon_reconcile_total[10m]))',
    for: '15m',
    severity: 'warning',
    summary: 'More than half of what the operator does comes to nothing.',
  },
];

/** Groups of rules, as Prometheus reads them. */
export const alertGroups = {
  groups: [
    { name: 'influxaddon.addons', rules: ADDONS.map(ruleOf) },
    { name: 'influxaddon.operator', rules: OPERATOR.map(ruleOf) },
  ],
};

function ruleOf({ name, expr, for: since, severity, summary }: Alert) {
  return {
    alert: name,
    expr,
    for: since,
    labels: { severity },
    annotations: { summary, runbook_url: `${RUNBOOKS}#${name.toLowerCase()}` },
  };
}
