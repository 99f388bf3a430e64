import { parseArgs } from 'node:util';
import { z } from 'zod';
import { CALM_MS } from './addon/limits/measuring.ts';
import { DEFAULT_MAINTENANCE } from './maintenance/settings.ts';
import { DEFAULT_BACKUPS } from './backup/settings.ts';
import { DEFAULT_OVERLAP_MS } from './addon/rotation/turns.ts';

/** A flag: `--cluster-domain x` or INFLUXADDON_CLUSTER_DOMAIN=x; the flag wins. */
interface Option {
  readonly schema: z.ZodType;
  readonly help: string;
}

const port = z.coerce.number().int().min(0).max(65_535);
const seconds = z.coerce.number().min(0.1).max(3600);
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);

const OPTIONS = {
  'cluster-domain': {
    schema: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/)
      .default('cluster.local'),
    help: 'DNS suffix of Services, as the cluster was set up',
  },
  kubeconfig: {
    schema: z.string().optional(),
    help: "file to connect with; default: the pod's service account",
  },
  'pod-name': {
    schema: z.string().optional(),
    help: 'identity of this process in Leases and events: in a cluster the name of its pod, which is needed; default elsewhere: drawn',
  },
  'pod-namespace': {
    schema: z.string().optional(),
    help: 'namespace of the Lease; default: that of the credentials',
  },
  installation: {
    schema: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/)
      .default('influxaddon-operator'),
    help: 'what this installation is called, for others that wait for it',
  },
  'lock-namespace': {
    schema: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
      .default('kube-system'),
    help: 'namespace of the Lease that all installations for the whole cluster share; with --watch-namespace it is that one',
  },
  'watch-namespace': {
    schema: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
      .optional(),
    help: 'operate the addons of this namespace only; default: of all',
  },
  'tenant-role': {
    schema: z.string().optional(),
    help: 'ClusterRole that the operator binds to itself where there are addons; default: it has its rights already',
  },
  'service-account': {
    schema: z.string().optional(),
    help: 'name of its own service account, to which it binds that role',
  },
  'leader-elect': {
    schema: flag.default(true),
    help: 'work only while holding the Lease; switch off for a single local process',
  },
  'lease-seconds': { schema: seconds.default(15), help: 'how long a dead leader keeps the others waiting' },
  workers: {
    schema: z.coerce.number().int().min(1).max(256).default(16),
    help: 'addons that are worked on at once',
  },
  'restart-at-once': {
    schema: z.coerce.number().int().min(1).max(64).default(5),
    help: 'apps of one addon that are restarted at once; further ones when these are up again',
  },
  'restart-deadline-seconds': {
    schema: seconds.default(300),
    help: 'how long a restarted app may take to come up before the rest is not restarted',
  },
  'credential-overlap-seconds': {
    schema: z.coerce
      .number()
      .min(0)
      .max(604_800)
      .default(DEFAULT_OVERLAP_MS / 1000),
    help: 'how long former credentials work at least after a rotation, for clients that are not in spec.apps',
  },
  'health-port': { schema: port.default(8081), help: '/healthz and /readyz; 0 for none' },
  'metrics-port': { schema: port.default(8080), help: '/metrics; 0 for none' },
  'webhook-port': {
    schema: port.default(9443),
    help: 'the admission webhook, which says no to a bad spec at once; 0 for none',
  },
  'webhook-name': {
    schema: z
      .string()
      .regex(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/)
      .default('influxaddon-operator-webhook'),
    help: 'its ValidatingWebhookConfiguration, and its Service in the namespace of the operator',
  },
  'webhook-secret': {
    schema: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/)
      .optional(),
    help: "kubernetes.io/tls Secret of its own namespace with the webhook's certificate, which somebody else renews; default: it makes its own",
  },
  'dashboard-port': {
    schema: port.default(0),
    help: 'the page in the browser, for visitors with tokens of their own; 0 for none',
  },
  'dashboard-hosts': {
    schema: z
      .string()
      .regex(/^[a-z0-9.-]+(:\d+)?(,[a-z0-9.-]+(:\d+)?)*$/)
      .default('localhost'),
    help: 'names by which that page is reached, with the port where it is another than 80 or 443; a,b',
  },
  'maintenance-at-once': {
    schema: z.coerce.number().int().min(1).max(1000).default(DEFAULT_MAINTENANCE.maxAtOnce),
    help: 'databases that are in maintenance at once',
  },
  'maintenance-max-failures': {
    schema: z.coerce.number().int().min(1).max(1000).default(DEFAULT_MAINTENANCE.maxFailures),
    help: 'databases that have not come back from maintenance until no further one begins',
  },
  'maintenance-freeze': {
    schema: flag.default(DEFAULT_MAINTENANCE.freeze),
    help: 'no maintenance begins anywhere, whatever the windows say',
  },
  'measure-seconds': {
    schema: z.coerce
      .number()
      .min(1)
      .max(86_400)
      .default(CALM_MS / 1000),
    help: 'how often a database far from its limits is asked how large it is',
  },
  'job-image': {
    schema: z.string().max(512).optional(),
    help: 'image of the operator, which the Jobs of backups run; without it there are no backups',
  },
  'agent-image': {
    schema: z.string().max(512).optional(),
    help: 'image of the agent beside databases that have backups; default that of --job-image',
  },
  'backups-at-once': {
    schema: z.coerce.number().int().min(1).max(1000).default(DEFAULT_BACKUPS.atOnce),
    help: 'backups of different databases that are taken at once; as many are restored for a test',
  },
  'log-level': {
    schema: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    help: 'debug, info, warn or error',
  },
  'log-format': {
    schema: z.enum(['json', 'pretty', 'auto']).default('auto'),
    help: 'json, pretty, or auto: pretty on a terminal',
  },
} as const satisfies Record<string, Option>;

const SWITCHES: readonly string[] = ['--leader-elect', '--maintenance-freeze'];

type Name = keyof typeof OPTIONS;
export type Config = { readonly [K in Name]: z.output<(typeof OPTIONS)[K]['schema']> };

/** A mistake in flags or environment: for the user, without a stack. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Reads flags and environment. Throws ConfigError, which names the flag and what is allowed. */
export function parseConfig(args: readonly string[], environment: NodeJS.ProcessEnv): Config {
  const given = parseFlags(args);
  const result: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(OPTIONS)) {
    const value = given[name] ?? environment[variableOf(name)];
    const parsed = option.schema.safeParse(value === '' ? undefined : value);
    if (!parsed.success) {
      const why = parsed.error.issues.map((issue) => issue.message).join('; ');
      throw new ConfigError(`--${name} (${variableOf(name)}): ${why}. It is: ${option.help}.`);
    }
    result[name] = parsed.data;
  }
  return result as Config;
}

export function helpText(): string {
  const lines = Object.entries(OPTIONS).map(([name, option]) => {
    const fallback = option.schema.safeParse(undefined).data as string | number | boolean | undefined;
    const shown = fallback === undefined ? '' : ` (default ${fallback})`;
    return `  --${name.padEnd(16)} ${option.help}${shown}\n  ${''.padEnd(18)} ${variableOf(name)}`;
  });
  return ['usage: operator [flags]', '', ...lines, ''].join('\n');
}

function variableOf(name: string): string {
  return `INFLUXADDON_${name.toUpperCase().replaceAll('-', '_')}`;
}

function parseFlags(args: readonly string[]): Record<string, string | boolean | undefined> {
  const options = Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, { type: 'string' as const }]));
  // A switch alone means true, as everywhere in Kubernetes.
  const spelled = args.map((arg) => (SWITCHES.includes(arg) ? `${arg}=true` : arg));
  try {
    return parseArgs({ args: spelled, options, allowPositionals: false, strict: true }).values as Record<
      string,
      string
    >;
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}
