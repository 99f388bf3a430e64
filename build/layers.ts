import { readFileSync, globSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/**
 * Which folders of src a folder may import from, besides itself. Imports point downwards only: a runtime that knows
 * nothing of InfluxDB, subjects that know the API's types, the addon above them, the process on top.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  kube: [],
  api: ['kube'],
  influx: ['api', 'kube'],
  contents: ['api', 'influx'],
  // What the operator and the Jobs on backups say to each other, and the rules of backups.
  backup: ['api', 'influx', 'kube'],
  // What runs in the Jobs and beside the database: the same image, another process.
  agent: ['api', 'backup', 'influx', 'version.ts'],
  limits: ['api'],
  maintenance: ['api', 'kube'],
  tls: ['api'],
  versions: ['api'],
  addon: ['api', 'backup', 'contents', 'influx', 'kube', 'limits', 'maintenance', 'tls', 'versions'],
  // Above the addon: backups outlive it, and are told by what is in force of it.
  'backup-controllers': ['addon', 'api', 'backup', 'influx', 'kube'],
  // Above the addon, whose rules it tells earlier: what they need to know of a database only the addon can say.
  admission: ['addon', 'api', 'contents', 'kube', 'tls'],
  telemetry: ['config.ts', 'kube'],
  operator: [
    'addon',
    'admission',
    'api',
    'backup',
    'backup-controllers',
    'cli',
    'config.ts',
    'dashboard',
    'influx',
    'kube',
    'limits',
    'telemetry',
    'version.ts',
  ],
  // The page in the browser and its server: words and edits are handed to it, so that it has none of its own.
  dashboard: ['addon', 'api', 'influx', 'kube'],
  // The tool of people: edits desired state, with the words and the rules of what acts on it.
  cli: [
    'addon',
    'agent',
    'api',
    'backup',
    'dashboard',
    'influx',
    'kube',
    'maintenance',
    'versions',
    'version.ts',
  ],
  // A flag's default is what its subject would do without it.
  'config.ts': ['addon', 'backup', 'maintenance'],
  'version.ts': [],
  'main.ts': ['agent', 'backup', 'config.ts', 'operator', 'telemetry', 'version.ts'],
};

/**
 * The rooms of src/addon from the ground up: a room imports from those before it in the list. Files beside them (the
 * story, and what runs it) stand on all of them.
 */
export const ADDON_ROOMS: readonly string[] = [
  // What a decision may look at, and what it may say.
  'world',
  'decision',
  // The concerns.
  'pod',
  'identity',
  'access',
  'children',
  'rights',
  'volume',
  'limits',
  'database',
  'backups',
  'tls',
  'wish',
  'maintenance',
  'apps',
  'rotation',
  'lifecycle',
  // What all of them contribute to.
  'status',
  'decide.ts',
  // What fills the world, and what acts on it.
  'observe',
  'act',
  'trouble',
  'authority',
  'reconcile.ts',
];

/** A reader keeps a file or a folder in mind up to this size; tests apart. */
const MAX = { linesOfAFile: 250, linesOfAStep: 150, filesOfAFolder: 15 } as const;

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
  'src/dashboard/listen.ts',
  'src/dashboard/page/api.ts',
];
const SOCKETS =
  /from '(undici|(node:)?(net|http|https|http2|tls|dgram)|@hono\/node-server|@kubernetes\/client-node|@aws-sdk\/[a-z0-9-]+)'|\bfetch\(/;

/** A sentence for each import that points upwards, each circle, each socket outside a funnel, and what is too large. */
export function layerViolations(root: string): string[] {
  const files = globSync('src/**/*.{ts,tsx}', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
  const texts = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
  const product = [...texts].filter(([file]) => !file.includes('/testing/'));
  return [
    ...product.flatMap(([file, text]) => [
      ...upwards(file, text),
      ...upwardsInAddon(file, text),
      ...behindTheDoor(file, text),
      ...sockets(file, text),
    ]),
    ...circles(new Map(product)),
    ...tooLarge(texts),
  ];
}

function upwardsInAddon(file: string, text: string): string[] {
  const from = roomOf(file);
  if (from === undefined) return [];
  const place = ADDON_ROOMS.indexOf(from);
  if (place < 0) return [`${file}: the room ${from} has no place in build/layers.ts`];
  return importsOf(file, text).flatMap((target) => {
    const to = roomOf(target);
    return to === undefined || ADDON_ROOMS.indexOf(to) <= place
      ? []
      : [`${file}: the room ${from} may not import from ${to} (${target})`];
  });
}

/** Files that import each other, over however many others; imports of types are counted, too: they cost the reader. */
function circles(texts: ReadonlyMap<string, string>): string[] {
  const graph = new Map([...texts].map(([file, text]) => [file, importsOf(file, text)]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) found.push(`a circle of imports: ${[...path.slice(start), file].join(' -> ')}`);
    if (start >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

function tooLarge(texts: ReadonlyMap<string, string>): string[] {
  const folders = new Map<string, number>();
  const sentences = [...texts].flatMap(([file, text]) => {
    folders.set(dirname(file), (folders.get(dirname(file)) ?? 0) + 1);
    const lines = text.split('\n').length - 1;
    const max = file.endsWith('/step.ts') ? MAX.linesOfAStep : MAX.linesOfAFile;
    return lines > max ? [`${file}: ${lines} lines, allowed are ${max}`] : [];
  });
  for (const [folder, files] of folders)
    if (files > MAX.filesOfAFolder)
      sentences.push(`${folder}: ${files} files beside each other, allowed are ${MAX.filesOfAFolder}`);
  return sentences;
}

function upwards(file: string, text: string): string[] {
  const from = folderOf(file);
  const allowed = MAY_IMPORT[from];
  if (allowed === undefined) return [`${file}: the folder ${from} has no place in build/layers.ts`];
  return specifiersOf(text).flatMap((specifier) => {
    const target = normalize(join(dirname(file), specifier));
    if (!target.startsWith('src/'))
      return specifier.endsWith('/package.json') ? [] : [`${file}: imports ${specifier} from outside src`];
    const to = folderOf(target);
    return to === from || allowed.includes(to)
      ? []
      : [`${file}: ${from} may not import ${to} (${specifier})`];
  });
}

/** Only the door knows a generation of the engine by name, so that another can move in beside it. */
function behindTheDoor(file: string, text: string): string[] {
  if (!file.startsWith('src/addon/')) return [];
  return importsOf(file, text)
    .filter((target) => /^src\/influx\/v\d+\//.test(target))
    .map((target) => `${file}: knows ${target}; the door is src/influx/engine.ts`);
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

/** `volume` of `src/addon/volume/lost.ts`, `decide.ts` of `src/addon/decide.ts`; undefined outside the addon. */
function roomOf(file: string): string | undefined {
  const [, folder, room] = file.split('/');
  return folder === 'addon' ? room : undefined;
}

function importsOf(file: string, text: string): string[] {
  return specifiersOf(text)
    .map((specifier) => normalize(join(dirname(file), specifier)))
    .filter((target) => target.startsWith('src/'));
}

function specifiersOf(text: string): string[] {
  return [...text.matchAll(/(?:from|import\(?)\s*'(\.[^']+)'/g)].map(([, specifier = '']) => specifier);
}
