import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { helm } from '../cluster/binaries.ts';
import { appImage } from '../cluster/images/app.ts';
import { influxImage } from '../cluster/images/influxdb.ts';
import { operatorImage } from '../cluster/images/operator.ts';
import type { Node } from '../cluster/node.ts';
import { pointsThroughUrl } from './app-view.ts';
import { installOperator, root } from './install.ts';
import { Kubectl } from './kubectl.ts';
import type { Progress } from './progress.ts';

interface Stage {
  progress: Progress;
  starting: Promise<Node>;
  /** Path of kubectl, for the person who goes on. */
  command: string;
  signal: AbortSignal;
}

const samples = join(root, 'deploy/samples');

/** The whole play, up to the last line that says how to go on. Throws the reason when something does not work. */
export async function runDemo({ progress, starting, command, signal }: Stage): Promise<void> {
  // One build after the other beside the start of the node: more at once would slow that down on a small machine.
  const operator = operatorImage(progress.detail);
  const engine = operator.then(() => influxImage('1.8.10', progress.detail));
  const app = engine.then(() => appImage(progress.detail));
  for (const image of [operator, engine, app]) image.catch(() => {});
  const node = await starting;
  signal.throwIfAborted();
  const kube = await Kubectl.of(node.kubeconfig);
  const load = (name: string, archive: Promise<string>): Promise<void> =>
    progress.step(`Loading ${name} into the node`, `${name} is there`, async () =>
      node.importImage(await archive),
    );

  await load('the image of the operator', operator);
  const others = load('the image influxdb:1.8.10', engine).then(() =>
    load('the image of the demo application', app),
  );
  others.catch(() => {});
  await progress.step('Installing the operator with Helm', 'the operator is ready', () =>
    installOperator(node.kubeconfig, { say: progress.detail, signal }),
  );
  const catalogue = await kube.run(['get', 'influxplans,influxversions', '-o', 'name'], { signal });
  progress.say(`  its catalogue: ${namesIn(catalogue)}`);
  await others;

  for (const [file, what] of [
    ['app.yaml', 'an application that knows nothing of its database'],
    ['addon.yaml', 'a database for it'],
  ] as const) {
    const out = await kube.run(['apply', '-f', join(samples, file)], { signal });
    progress.say(`kubectl apply -f deploy/samples/${file} (${what}): ${out.trim()}`);
  }
  await progress.step('Watching the addon', 'the addon is Ready', () => watchStatus(kube, progress, signal));
  await progress.step(
    'Waiting for the application to write through its INFLUX_URL',
    (line) =>
      `FIRST POINT WRITTEN ${progress.elapsed.toFixed(1)} s after the start; the application says: ${line}`,
    () => firstPoint(kube, signal),
  );
  // What somebody who stays may upgrade from; not needed before.
  await load('the image influxdb:1.7.11', influxImage('1.7.11', progress.detail));
  await showResult(kube, progress, signal);
  await showHowToGoOn(progress, node, command);
}

/** Prints each phase once, until Ready is True. */
async function watchStatus(kube: Kubectl, progress: Progress, signal: AbortSignal): Promise<void> {
  const ready = new AbortController();
  const path =
    '{.status.conditions[?(@.type=="Ready")].reason}|{.status.conditions[?(@.type=="Ready")].status}|{.status.conditions[?(@.type=="Ready")].message}{"\\n"}';
  let last = '';
  const show = (line: string): void => {
    const [reason = '', status, message] = line.split('|');
    if (reason === '' || line === last) return;
    last = line;
    progress.say(`    STATUS ${reason}: ${message}`);
    if (status === 'True') ready.abort();
  };
  const args = ['get', 'influxaddon', 'my-app', '--watch', '-o', `jsonpath=${path}`];
  const timeout = AbortSignal.timeout(180_000);
  await kube.follow(args, show, AbortSignal.any([signal, ready.signal, timeout]));
  signal.throwIfAborted();
  if (!ready.signal.aborted) throw new Error(`the addon is not Ready: ${last || 'it has no status'}`);
}

/** The first line of the application's log that tells of a written point. */
async function firstPoint(kube: Kubectl, signal: AbortSignal): Promise<string> {
  const end = Date.now() + 120_000;
  while (Date.now() < end) {
    signal.throwIfAborted();
    const line = await tailUntil(
      kube,
      /^wrote [1-9]/,
      AbortSignal.any([signal, AbortSignal.timeout(20_000)]),
    );
    if (line !== undefined) return line;
    await delay(200);
  }
  throw new Error('the application has not written a point within two minutes');
}

/** Follows the log of the pod with the URL; undefined when it ends or cannot be read yet. */
async function tailUntil(kube: Kubectl, wanted: RegExp, signal: AbortSignal): Promise<string | undefined> {
  const pod = await boundPod(kube);
  if (pod === undefined) return undefined;
  const found = new AbortController();
  let line: string | undefined;
  const look = (text: string): void => {
    if (line !== undefined || !wanted.test(text)) return;
    line = text;
    found.abort();
  };
  const args = ['logs', '--follow', pod];
  await kube.follow(args, look, AbortSignal.any([signal, found.signal])).catch(() => {});
  return line;
}

interface Pods {
  items: {
    metadata: { name: string };
    spec: { containers: { env?: { name: string }[] }[] };
    status: { phase?: string };
  }[];
}

/** The application's running pod with the variable that the operator added. */
async function boundPod(kube: Kubectl): Promise<string | undefined> {
  const pods = JSON.parse(await kube.run(['get', 'pods', '-l', 'app=web', '-o', 'json'])) as Pods;
  return pods.items.find(
    ({ spec, status }) =>
      status.phase === 'Running' &&
      spec.containers.some(({ env }) => env?.some(({ name }) => name === 'INFLUX_URL')),
  )?.metadata.name;
}

async function showResult(kube: Kubectl, progress: Progress, signal: AbortSignal): Promise<void> {
  const show = async (...args: string[]): Promise<void> =>
    progress.show(`$ kubectl ${args.join(' ')}`, await kube.run(args, { signal }));
  await show('get', 'influxaddon');
  await show('get', 'pods,service,pvc');
  const secret = await kube.get<{ data: Record<string, string> }>('secret', 'my-app-influx');
  progress.show(
    "The keys of the Secret my-app-influx (its values are nobody's business)",
    Object.keys(secret?.data ?? {}).join('\n'),
  );
  const pod = (await boundPod(kube)) ?? '';
  await show('logs', '--tail=3', pod);
  const title = "SELECT COUNT(n) FROM demo, asked by the application's pod through its INFLUX_URL, twice";
  const before = await pointsThroughUrl(kube, pod, signal);
  await delay(1_500, undefined, { signal });
  const after = await pointsThroughUrl(kube, pod, signal);
  progress.show(title, `${before} points, 1.5 s later ${after} points`);
  if (after <= before) throw new Error(`the number of points does not grow: ${before}, then ${after}`);
}

async function showHowToGoOn(progress: Progress, node: Node, command: string): Promise<void> {
  const folders = new Set([command, await helm()].map((path) => dirname(path)));
  const missing = [...folders].filter(
    (folder) => !(process.env['PATH'] ?? '').split(delimiter).includes(folder),
  );
  const lines = [
    `export KUBECONFIG=${node.kubeconfig}`,
    ...(missing.length > 0 ? [`export PATH=${missing.join(delimiter)}:$PATH`] : []),
    'kubectl get influxaddon --watch',
    'kubectl describe influxaddon my-app',
    'kubectl get influxplans,influxversions',
    `kubectl patch influxaddon my-app --type merge -p '{"spec":{"plan":"1g"}}'`,
    `kubectl patch influxaddon my-app --type merge -p '{"spec":{"state":"Stopped"}}'`,
    'kubectl logs --follow deployment/web',
  ];
  progress.show('To go on in another terminal', lines.join('\n'));
}

function namesIn(list: string): string {
  const named = (kind: string): string =>
    list
      .split('\n')
      .filter((line) => line.startsWith(kind))
      .map((line) => line.split('/')[1])
      .join(' ');
  return `plans ${named('influxplan')}; versions ${named('influxversion')}`;
}
