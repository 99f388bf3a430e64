import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertGroups } from '../../build/alerts.ts';
import { board } from '../../build/board.ts';
import { projectVersion } from '../../build/emit-manifests.ts';
import { operatorManifests } from '../../build/operator-manifests.ts';
import { plans, versions } from '../../src/api/catalogue.ts';
import { crdOf } from '../../src/api/crd/crd.ts';
import { customKinds } from '../../src/api/kinds.ts';
import { helm as helmBinary, kubectl as kubectlBinary } from '../cluster/binaries.ts';
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts';
import { run } from '../cluster/run-command.ts';
import { eventually } from './children.ts';
import { withoutHelm } from './chart/without-helm.ts';

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec?: Record<string, unknown>;
}

const CHART = 'charts/influxaddon-operator';
const RELEASE = 'influxaddon-operator';
const NAMESPACE = 'influxaddon-system';
/** What a cluster says that has the definitions already. */
const SERVED = ['--api-versions', 'influxaddon.dev/v1alpha1'];

let home: string;
let helmPath: string;
let kubectlPath: string;

beforeAll(async () => {
  helmPath = await helmBinary();
  kubectlPath = await kubectlBinary();
  home = await mkdtemp(join(tmpdir(), 'chart-'));
});
afterAll(() => rm(home, { recursive: true }));

describe('the chart, rendered', () => {
  it('passes helm lint', async () => {
    expect(await helm(['lint', CHART, '--strict'])).toContain('0 chart(s) failed');
  });

  it('is the kustomize base but for the marks of Helm', async () => {
    const rendered = await template();
    const base = operatorManifests(await projectVersion()) as Manifest[];
    for (const manifest of base.filter(({ kind }) => kind !== 'Namespace')) {
      const same = find(rendered, manifest.kind, manifest.metadata.name);
      expect(withoutHelm(same)).toEqual(JSON.parse(JSON.stringify(manifest)));
    }
    const extra = rendered.filter(
      ({ kind, metadata }) => !base.some((m) => m.kind === kind && m.metadata.name === metadata.name),
    );
    const kinds = new Set(extra.map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(['CustomResourceDefinition', 'InfluxPlan', 'InfluxVersion']));
  });

  it('holds the definitions, which survive an uninstall', async () => {
    const rendered = await template();
    for (const kind of customKinds) {
      const crd = find(rendered, 'CustomResourceDefinition', `${kind.plural}.influxaddon.dev`);
      expect(crd.spec).toEqual(JSON.parse(JSON.stringify(crdOf(kind).spec)));
      expect(crd.metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
    }
    expect((await template('--set', 'crds.install=false')).map(({ kind }) => kind)).not.toContain(
      'CustomResourceDefinition',
    );
  });

  it('holds the catalogue: by a hook where the API is new, else as part of the release', async () => {
    const [onNew, onServed] = [await template(), await template(...SERVED)];
    for (const entry of [...plans, ...versions]) {
      const name = entry.metadata?.name ?? '';
      const first = find(onNew, entry.kind ?? '', name);
      const later = find(onServed, entry.kind ?? '', name);
      expect(first.metadata.annotations?.['helm.sh/hook']).toBe('post-install,post-upgrade');
      expect(later.metadata.annotations).not.toHaveProperty('helm.sh/hook');
      for (const { spec } of [first, later]) expect(spec).toEqual(entry.spec);
    }
  });

  it('takes changes of the catalogue by name', async () => {
    const changes = {
      plans: { '1g': { storage: { className: 'fast' } }, '32g': false, tiny: plans[0]?.spec },
      versions: { '1.7.11': { lifecycle: 'Deprecated' } },
    };
    const rendered = await template('--set-json', `catalogue=${JSON.stringify(changes)}`);
    expect(find(rendered, 'InfluxPlan', '1g').spec).toMatchObject({
      storage: { className: 'fast', size: '20Gi' },
    });
    expect(find(rendered, 'InfluxPlan', 'tiny').spec).toEqual(plans[0]?.spec);
    expect(rendered.filter(({ metadata }) => metadata.name === '32g')).toEqual([]);
    expect(find(rendered, 'InfluxVersion', '1.7.11').spec).toEqual({
      image: 'influxdb:1.7.11',
      lifecycle: 'Deprecated',
    });
  });

  it('of another name has its webhook, and the right to it, under that name', async () => {
    const flags = ['-n', NAMESPACE, '--set', 'crds.install=false,catalogue.install=false'];
    const rendered = loadAll(await helm(['template', 'two', CHART, ...flags])) as Manifest[];
    const name = 'two-influxaddon-operator';
    find(rendered, 'ValidatingWebhookConfiguration', `${name}-webhook`);
    find(rendered, 'Service', `${name}-webhook`);
    const { rules } = find(rendered, 'ClusterRole', name) as { rules?: { resourceNames?: string[] }[] };
    const named = rules?.flatMap(({ resourceNames = [] }) => resourceNames);
    expect(named).toEqual([`${name}-tenant`, `${name}-webhook`]);
    find(rendered, 'ClusterRole', `${name}-tenant`);
    const policy = JSON.stringify(find(rendered, 'ValidatingAdmissionPolicy', `${name}-tenancy`));
    expect(policy).toContain(`system:serviceaccount:${NAMESPACE}:${name}'`);
    expect(policy).toContain(`'${name}-tenant'`);
    expect(JSON.stringify(find(rendered, 'Deployment', name))).toContain(`--tenant-role=${name}-tenant`);
    expect(JSON.stringify(find(rendered, 'Deployment', name))).toContain(`--webhook-name=${name}-webhook`);
  });

  it('leaves out the webhook and the policies where they are not wanted', async () => {
    const rendered = await template('--set', 'webhook.enabled=false,policies.install=false');
    const left = rendered.filter(({ apiVersion }) => apiVersion.startsWith('admissionregistration'));
    // What keeps the operator's rights in check goes with those rights.
    expect(
      left.filter(
        ({ metadata }) =>
          !/-tenancy(-addons|-copies|-jobs|-pods|-secrets|-stores|-workloads)?$/.test(metadata.name),
      ),
    ).toEqual([]);
    expect(JSON.stringify(rendered)).not.toContain('validatingwebhookconfigurations');
    expect(JSON.stringify(find(rendered, 'Deployment', RELEASE))).toContain('--webhook-port=0');
    expect(JSON.stringify(find(rendered, 'Deployment', RELEASE))).toContain(
      `--tenant-role=${RELEASE}-tenant`,
    );
  });

  it('brings alerts, a board and monitors where they are wanted', async () => {
    const values = 'alerts.install=true,alerts.runbooks=https://wiki.example/books,board.install=true';
    const monitors = 'metrics.serviceMonitor=true,metrics.podMonitor=true,metrics.labels.release=mine';
    const rendered = await template('--set', `${values},${monitors}`);
    const rules = find(rendered, 'PrometheusRule', RELEASE).spec;
    const text = JSON.stringify(alertGroups).replaceAll('RUNBOOKS', 'https://wiki.example/books');
    expect(rules).toEqual(JSON.parse(text));
    expect(find(rendered, 'ServiceMonitor', RELEASE).spec).toMatchObject({
      endpoints: [{ honorLabels: true }],
    });
    expect(find(rendered, 'PodMonitor', RELEASE)).toMatchObject({
      metadata: { labels: { release: 'mine' } },
      spec: { podMetricsEndpoints: [{ port: 'metrics', honorLabels: true }] },
    });
    const { data, metadata } = find(rendered, 'ConfigMap', `${RELEASE}-board`) as Manifest & {
      data?: Record<string, string>;
    };
    expect(metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    expect(JSON.parse(data?.['influxaddon.json'] ?? '')).toEqual(JSON.parse(JSON.stringify(board)));
  });

  it.each([
    ['a replica count in words', 'replicas=two'],
    ['a value that does not exist', 'image.repo=x'],
    ['a log level that does not exist', 'operator.logLevel=loud'],
  ])('refuses %s', async (_, value) => {
    await expect(template('--set', value)).rejects.toThrow(
      /values don't meet the specifications of the schema/,
    );
  });

  it('of any release name keeps to itself', async () => {
    const names = (await template()).map(({ metadata }) => metadata.name);
    const flags = ['-n', NAMESPACE, '--set', 'crds.install=false,catalogue.install=false'];
    const other = loadAll(await helm(['template', 'two', CHART, ...flags])) as Manifest[];
    expect(other.map(({ metadata }) => metadata.name).filter((name) => names.includes(name))).toEqual([]);
  });
});

// One life of a release: each test goes on where the one before it ended.
describe('the chart, installed', () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await startControlPlane({ auditLog: false });
  });
  afterAll(() => plane?.[Symbol.asyncDispose]());

  it('makes everything with one command on an empty cluster, without a warning', async () => {
    const said: string[] = [];
    const older = await olderChart();
    await helm(['install', RELEASE, older, '-n', NAMESPACE, '--create-namespace'], plane, (line) =>
      said.push(line),
    );
    // What Helm tells of its own watches is no warning of the API server.
    const warnings = said.filter((line) => /warning/i.test(line) && !line.includes('reflector.go'));
    expect(warnings).toEqual([]);
    expect((await catalogue()).length).toBe(plans.length + versions.length);
    await kubectl(plane, 'get', 'deployment', RELEASE, '-n', NAMESPACE);
  });

  it('upgrades: definitions change with it, and the catalogue is taken into the release as it is', async () => {
    const before = await catalogue();
    const value = 'catalogue.plans.1g.storage.className=fast';
    expect(await kubectl(plane, 'get', 'crd', 'influxplans.influxaddon.dev', '-o', 'yaml')).toContain(
      OLD_WORDS,
    );
    await helm(['upgrade', RELEASE, CHART, '-n', NAMESPACE, '--set', value], plane);
    expect(await kubectl(plane, 'get', 'crd', 'influxplans.influxaddon.dev', '-o', 'yaml')).not.toContain(
      OLD_WORDS,
    );
    const after = await catalogue();
    expect(uids(after)).toEqual(uids(before));
    expect(find(after, 'InfluxPlan', '1g').spec).toMatchObject({ storage: { className: 'fast' } });
    expect(await helm(['get', 'manifest', RELEASE, '-n', NAMESPACE], plane)).toMatch(
      /^kind: InfluxVersion$/m,
    );
  });

  it('keeps definitions and catalogue when it is uninstalled, and takes them back', async () => {
    const before = await catalogue();
    await helm(['uninstall', RELEASE, '-n', NAMESPACE], plane);
    expect(uids(await catalogue())).toEqual(uids(before));
    await helm(['install', RELEASE, CHART, '-n', NAMESPACE], plane);
    expect(uids(await catalogue())).toEqual(uids(before));
  });

  async function catalogue(): Promise<Manifest[]> {
    const list = await kubectl(plane, 'get', 'influxplans,influxversions', '-o', 'json');
    return (JSON.parse(list) as { items: Manifest[] }).items;
  }
});

describe('the kustomize base, applied', () => {
  it('makes everything on an empty cluster: the definitions first, then all of it', async () => {
    await using plane = await startControlPlane({ auditLog: false });
    await kubectl(plane, 'apply', '-k', 'crds');
    await kubectl(plane, 'wait', '--for=condition=Established', 'crd', '--all');
    // What is established is not at once among what clients are told that there is.
    const flags = ['--api-group=influxaddon.dev', '--cached=false', '-o', 'name'];
    await eventually('the kinds to be served', async () => {
      const served = await kubectl(plane, 'api-resources', ...flags);
      return served.trim().split('\n').length === customKinds.length;
    });
    await kubectl(plane, 'apply', '-k', 'deploy');
    const again = await kubectl(plane, 'apply', '-k', 'deploy');
    const lines = again.trim().split('\n');
    expect(lines.filter((line) => !line.endsWith(' unchanged'))).toEqual([]);
    await kubectl(plane, 'apply', '-f', 'deploy/samples');
    expect(await kubectl(plane, 'get', 'influx', '-o', 'name')).toContain(
      'influxaddon.influxaddon.dev/my-app',
    );
  });
});

const OLD_WORDS = 'What an older chart said of the volume.';

/** A copy of the chart whose definition of InfluxPlan differs. */
async function olderChart(): Promise<string> {
  const older = join(home, 'older');
  await cp(CHART, older, { recursive: true });
  const definition = join(older, 'files/crds/influxaddon.dev_influxplans.yaml');
  const content = await readFile(definition, 'utf8');
  await writeFile(definition, content.replace('Size of the volume.', OLD_WORDS));
  return older;
}

async function template(...flags: string[]): Promise<Manifest[]> {
  const text = await helm(['template', RELEASE, CHART, '-n', NAMESPACE, ...flags]);
  return (loadAll(text) as (Manifest | null)[]).filter((manifest) => manifest !== null);
}

/** Runs helm with caches of its own, so that it knows nothing of other clusters. */
async function helm(args: string[], plane?: ControlPlane, log?: (line: string) => void): Promise<string> {
  return await run(helmPath, args, { env: environment(plane), ...(log ? { log } : {}) });
}

async function kubectl(plane: ControlPlane, ...args: string[]): Promise<string> {
  return await run(kubectlPath, args, { env: environment(plane) });
}

function environment(plane?: ControlPlane): Record<string, string> {
  // A fresh folder for each cluster: discovery is cached by the server's address.
  const folder = join(home, plane?.name ?? 'none');
  return { HOME: folder, XDG_CACHE_HOME: folder, KUBECONFIG: plane?.kubeconfig ?? '/dev/null' };
}

function find(manifests: Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

function uids(manifests: Manifest[]): (string | undefined)[] {
  return manifests.map(({ metadata }) => metadata.uid);
}
