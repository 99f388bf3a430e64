interface Panel {
  readonly title: string;
  readonly unit: 'short' | 'bytes' | 's' | 'ops' | 'percentunit' | 'dateTimeAsIso';
  readonly queries: readonly (readonly [expr: string, legend: string])[];
}

const of = (metric: string): string =>
  `max by (namespace, addon) (${metric}{namespace=~"$namespace", addon=~"$addon"})`;
const NAME = '{{namespace}}/{{addon}}';
const one = (metric: string): Panel['queries'] => [[of(metric), NAME]];
const ratio = (part: string, whole: string): Panel['queries'] => [[`${of(part)} / ${of(whole)}`, NAME]];

const PANELS: readonly Panel[] = [
  {
    title: 'Addons by status',
    unit: 'short',
    queries: [['max by (status) (influxaddon_addons)', '{{status}}']],
  },
  { title: 'Available', unit: 'short', queries: one('influxaddon_available') },
  { title: 'Ready', unit: 'short', queries: one('influxaddon_ready') },
  { title: 'Disk used', unit: 'bytes', queries: one('influxaddon_disk_used_bytes') },
  {
    title: 'Disk used of the volume',
    unit: 'percentunit',
    queries: ratio('influxaddon_disk_used_bytes', 'influxaddon_volume_bytes'),
  },
  { title: 'Data size', unit: 'bytes', queries: one('influxaddon_data_bytes') },
  { title: 'Series', unit: 'short', queries: one('influxaddon_series') },
  {
    title: 'Series of what the plan is made for',
    unit: 'percentunit',
    queries: ratio('influxaddon_series', 'influxaddon_series_limit'),
  },
  { title: 'Heap of the engine', unit: 'bytes', queries: one('influxaddon_engine_heap_bytes') },
  {
    title: 'Heap of the memory of the plan',
    unit: 'percentunit',
    queries: ratio('influxaddon_engine_heap_bytes', 'influxaddon_memory_limit_bytes'),
  },
  {
    title: 'Age of the last backup',
    unit: 's',
    queries: [[`time() - ${of('influxaddon_backup_last_success_timestamp_seconds')}`, NAME]],
  },
  { title: 'Size of the last backup', unit: 'bytes', queries: one('influxaddon_backup_last_bytes') },
  {
    title: 'Until the certificate ends',
    unit: 's',
    queries: [[`${of('influxaddon_certificate_expiry_timestamp_seconds')} - time()`, NAME]],
  },
  {
    title: 'Waiting for maintenance',
    unit: 'short',
    queries: [['max by (kind) (influxaddon_maintenance_pending)', '{{kind}}']],
  },
  {
    title: 'Maintenance',
    unit: 'short',
    queries: [
      ['max(influxaddon_maintenance_running)', 'running'],
      ['max(influxaddon_maintenance_failures)', 'not come back'],
    ],
  },
  {
    title: 'Reconciles',
    unit: 'ops',
    queries: [['sum by (outcome) (rate(influxaddon_reconcile_total[$__rate_interval]))', '{{outcome}}']],
  },
  {
    title: 'Time of a reconcile, 99 %',
    unit: 's',
    queries: [
      [
        'histogram_quantile(0.99, sum by (le, controller) (rate(influxaddon_reconcile_duration_seconds_bucket[$__rate_interval])))',
        '{{controller}}',
      ],
    ],
  },
  {
    title: 'Requests to the API server',
    unit: 'ops',
    queries: [['sum by (code) (rate(influxaddon_api_requests_total[$__rate_interval]))', '{{code}}']],
  },
  {
    title: 'Queue and watches',
    unit: 'short',
    queries: [
      ['max by (controller) (influxaddon_queue_length)', 'due: {{controller}}'],
      ['max(influxaddon_watch_age_seconds)', 'seconds since the most silent watch was heard'],
    ],
  },
  {
    title: 'Event loop delay, 99 %',
    unit: 's',
    queries: [['max by (pod) (influxaddon_event_loop_delay_p99_seconds)', '{{pod}}']],
  },
  {
    title: 'Memory of the operator',
    unit: 'bytes',
    queries: [['influxaddon_resident_memory_bytes', '{{pod}}']],
  },
];

const [COLUMNS, WIDTH, HEIGHT] = [3, 8, 8];
const SOURCE = { type: 'prometheus', uid: '${source}' };

/** A Grafana dashboard: the fleet, the addons that are chosen, the operator. */
export const board = {
  title: 'InfluxDB addons',
  uid: 'influxaddon',
  schemaVersion: 39,
  editable: true,
  tags: ['influxaddon'],
  time: { from: 'now-24h', to: 'now' },
  refresh: '1m',
  templating: {
    list: [
      { name: 'source', type: 'datasource', query: 'prometheus', label: 'Source' },
      variable('namespace', 'label_values(influxaddon_ready, namespace)'),
      variable('addon', 'label_values(influxaddon_ready{namespace=~"$namespace"}, addon)'),
    ],
  },
  panels: PANELS.map(({ title, unit, queries }, index) => ({
    id: index + 1,
    title,
    type: 'timeseries',
    datasource: SOURCE,
    gridPos: {
      x: (index % COLUMNS) * WIDTH,
      y: Math.floor(index / COLUMNS) * HEIGHT,
      w: WIDTH,
      h: HEIGHT,
    },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: queries.map(([expr, legendFormat], at) => ({
      refId: String.fromCharCode(65 + at),
      datasource: SOURCE,
      expr,
      legendFormat,
    })),
  })),
};

function variable(name: string, query: string) {
  return {
    name,
    type: 'query',
    datasource: SOURCE,
    query,
    refresh: 2,
    multi: true,
    includeAll: true,
    current: { text: 'All', value: '$__all' },
  };
}
