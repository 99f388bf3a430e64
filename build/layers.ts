import { readFileSync, globSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/**
 * Which folders of src a folder may import from, besides itself. Imports point downwards only: a runtime that knows
 * nothing of InfluxDB, subjects that know the API's types, the addon above them, the process on top.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  kube: [],
  api: ['kube'],
  influx: ['api'],
  contents: ['api', 'influx'],
  // What the operator and the Jobs on backups say to each other, and the rules of backups.
  backup: ['api', 'influx', 'kube'],
  // What runs in the Jobs and beside the database: the same image, another process.
  agent: ['api', 'backup', 'influx', 'version.ts'],
  limits: ['api'],
  maintenance: ['api'],
  tls: ['api'],
  versions: ['api'],
  addon: ['api', 'backup', 'contents', 'influx', 'kube', 'limits', 'maintenance', 'tls', 'versions'],
  // Above the addon: backups outlive it, and are told by what is in force of it.
  'backup-controllers': ['addon', 'api', 'backup', 'kube'],
  // Above the addon, whose rules it tells earlier: what they need to know of a database only the addon can say.
  admission: ['addon', 'api', 'contents', 'kube', 'tls'],
  telemetry: ['config.ts', 'kube'],
  operator: [
    'addon',
    'admission',
    'api',
    'backup',
    'backup-controllers',
    'config.ts',
    'influx',
    'kube',
    'limits',
    'telemetry',
    'version.ts',
  ],
  // The tool of people: edits desired state, with the words and the rules of what acts on it.
  cli: ['addon', 'agent', 'api', 'backup', 'influx', 'kube', 'maintenance', 'versions', 'version.ts'],
  // A flag's default is what its subject would do without it.
  'config.ts': ['addon', 'backup'],
  'version.ts': [],
  'main.ts': ['agent', 'backup', 'config.ts', 'operator', 'telemetry', 'version.ts'],
};

/** The only files that may open a connection, and those that listen. Everything else goes through them. */
const FUNNELS: readonly string[] = [
  'src/kube/api/http-transport.ts',
  'src/kube/api/credentials.ts',
  'src/kube/api/port-forward.ts',
  'src/influx/transport.ts',
  'src/telemetry/server.ts',
  'src/admission/server.ts',
  'src/agent/agent.ts',
  'src/agent/copy/query-stream.ts',
  'src/agent/tunnel.ts',
  'src/agent/store/endpoint-guard.ts',
  'src/agent/store/s3-store.ts',
];
const SOCKETS =
  /from '(undici|(node:)?(net|http|https|http2|tls|dgram)|@hono\/node-server|@kubernetes\/client-node|@aws-sdk\/[a-z0-9-]+)'|\bfetch\(/;

/** A sentence for each import that points upwards and each socket outside a funnel. */
export function layerViolations(root: string): string[] {
  const files = globSync('src/**/*.ts', { cwd: root }).filter(
    (file) => !file.endsWith('.test.ts') && !file.includes('/testing/'),
  );
  return files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return [...upwards(file, text), ...sockets(file, text)];
  });
}

function upwards(file: string, text: string): string[] {
  const from = folderOf(file);
  const allowed = MAY_IMPORT[from];
  if (allowed === undefined) return [`${file}: the folder ${from} has no place in build/layers.ts`];
  return [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].flatMap(([, specifier = '']) => {
    const target = normalize(join(dirname(file), specifier));
    if (!target.startsWith('src/'))
      return specifier.endsWith('/package.json') ? [] : [`${file}: imports ${specifier} from outside src`];
    const to = folderOf(target);
    return to === from || allowed.includes(to)
      ? []
      : [`${file}: ${from} may not import ${to} (${specifier})`];
  });
}

function sockets(file: string, text: string): string[] {
  if (FUNNELS.includes(file)) return [];
  const code = text.replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, '').replaceAll(/^import type .*$/gm, '');
  return SOCKETS.test(code)
    ? [`${file}: opens or knows a connection outside the funnels (${FUNNELS.join(', ')})`]
    : [];
}

/** `kube` of `src/kube/store/store.ts`, `main.ts` of `src/main.ts`. */
function folderOf(file: string): string {
  return file.split('/')[1] ?? '';
}
