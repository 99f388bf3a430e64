import { rm } from 'node:fs/promises';
import { ageTools, helm, kubeBinary, kubectl, promtool, versitygw } from '../../test/cluster/binaries.ts';
import { chromium } from '../../test/cluster/chromium.ts';
import { argoApplicationCrd, gitopsBinary } from '../../test/cluster/gitops.ts';
import { appImage } from '../../test/cluster/images/app.ts';
import { busyboxImage } from '../../test/cluster/images/busybox.ts';
import { influxBinaries, influxImage, type InfluxVersion } from '../../test/cluster/images/influxdb.ts';
import { operatorImage } from '../../test/cluster/images/operator.ts';
import { FROM, releaseOf } from '../../test/cluster/images/release.ts';
import { sandboxImage } from '../../test/cluster/images/sandbox.ts';
import { pick } from '../../test/size.ts';
import { withRetries } from './retry.ts';

type Step = [name: string, make: (say: (line: string) => void) => Promise<unknown>];

/** Both tiers need all of them: an upgrade in `make test` starts at the oldest. */
const VERSIONS: readonly InfluxVersion[] = ['1.8.10', '1.7.11', '1.6.7'];
/** Go names every module that it downloads: progress, but not each of them. */
const TELL_EVERY_MS = 10_000;
/** The compiler says nothing for minutes. */
const STILL_AT_IT_MS = 30_000;

/** The compiler takes both cores, so that only downloads and packing go beside it. */
const lanes: Step[][] = [
  [
    ['Kubernetes', kubeBinary],
    ...VERSIONS.map((version): Step => [`InfluxDB ${version}`, (say) => influxBinaries(version, say)]),
    ['S3 server', versitygw],
    ['GitOps tools', gitopsBinary],
  ],
  [
    ['kubectl', kubectl],
    ['Helm', helm],
    ['promtool', promtool],
    ['age', ageTools],
    ['definitions of Argo CD', argoApplicationCrd],
    ['Chromium', chromium],
    ['image busybox', busyboxImage],
    ['image of the app', appImage],
    ['image of the operator', (say) => operatorImage(say)],
  ],
];
const images: Step[] = [
  ['image sandbox', sandboxImage],
  ...VERSIONS.map((version): Step => [`image influxdb:${version}`, (say) => influxImage(version, say)]),
];
/** Of `make test-all` only. */
const more = pick<Step[]>([], [['image of the release before', releaseBefore]]);

const started = performance.now();
const active = new Set<string>();
setInterval(() => tell(`at it: ${[...active].join(', ')}`), STILL_AT_IT_MS).unref();

function tell(line: string): void {
  process.stderr.write(`${((performance.now() - started) / 1_000).toFixed(0).padStart(5)} s | ${line}\n`);
}

async function make([name, body]: Step): Promise<void> {
  let told = 0;
  const say = (line: string): void => {
    if (performance.now() - told < TELL_EVERY_MS) return;
    told = performance.now();
    tell(`${name}: ${line}`);
  };
  active.add(name);
  try {
    await withRetries(name, () => body(say), { say: tell });
    tell(`${name} is there`);
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    active.delete(name);
  }
}

async function inOrder(steps: readonly Step[]): Promise<void> {
  for (const step of steps) await make(step);
}

async function releaseBefore(): Promise<void> {
  const { dir } = await releaseOf(FROM);
  await rm(dir, { recursive: true, force: true });
}

/** Fills the caches with everything that a test would download or build, so that no limit of a test includes it. */
try {
  await Promise.all(lanes.map(inOrder));
  await inOrder([...images, ...more]);
} catch (error) {
  const [first = '', ...rest] = String(error instanceof Error ? error.message : error).split('\n');
  // The runner takes the last line for the reason.
  for (const line of [...rest, first]) tell(line);
  process.exit(1);
}
