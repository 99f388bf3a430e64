import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { READY_REASON } from '../../src/api/reasons.ts';
import { notImplementedFields } from '../../src/api/not-implemented.ts';
import { helpText } from '../../src/config.ts';
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts';
import { argoApplicationCrd, fluxFaults } from '../cluster/gitops.ts';
import { root } from '../demo/install.ts';
import { Kubectl, untilServed } from '../demo/kubectl.ts';
import { applied } from './operator-node.ts';

/** What the README and the pages beside it say is tried on a real API server, which has no node. */
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const snippets = blocks(readme, 'yaml');
const commands = commandsOf(readme);
const pages = readdirSync(join(root, 'docs')).map((name) => {
  const text = readFileSync(join(root, 'docs', name), 'utf8');
  return { page: `docs/${name}`, snippets: blocks(text, 'yaml'), commands: commandsOf(text) };
});
const manifests = pages.flatMap(({ page, snippets }) =>
  snippets.flatMap((snippet) => (loadAll(snippet) as Named[]).map((manifest) => ({ page, manifest }))),
);
const isOfFlux = ({ manifest }: { manifest: Named }) => manifest.apiVersion.includes('.toolkit.fluxcd.io/');

interface Named {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
}

let plane: ControlPlane;
let kube: Kubectl;

beforeAll(async () => {
  plane = await startControlPlane();
  kube = await Kubectl.of(plane.kubeconfig);
  await kube.run(['apply', '--server-side', '-k', join(root, 'crds')]);
  await applied(kube, 'deploy/catalogue');
  await kube.run(['apply', '--server-side', '-f', await argoApplicationCrd()]);
  const named = manifests.map(({ manifest }) => manifest.metadata.namespace ?? 'default');
  for (const name of new Set(['argocd', ...named])) {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await kube.apply(namespace);
  }
});

afterAll(() => plane?.stop());

test('has snippets and commands to try', () => {
  expect(snippets.length).toBeGreaterThan(3);
  expect(commands.length).toBeGreaterThan(10);
});

test.each(snippets.map((snippet, index) => ({ snippet, number: index + 1 })))(
  'the API server accepts snippet $number as it stands',
  async ({ snippet }) => {
    const args = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'];
    expect(await kube.run(args, { input: snippet })).toMatch(/serverside-applied/);
  },
);

test('the API server accepts every manifest of the other pages, and the controllers of Flux have its fields', async () => {
  const ofFlux = manifests.filter(isOfFlux);
  const others = manifests.filter((each) => !isOfFlux(each));
  expect(Math.min(ofFlux.length, others.length)).toBeGreaterThanOrEqual(3);
  const args = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'];
  for (const { page, manifest } of others) {
    const taken = untilServed(() => kube.run(args, { input: JSON.stringify(manifest) }));
    expect(await taken, page).toMatch(/serverside-applied/);
  }
  expect(await fluxFaults(ofFlux.map(({ manifest }) => manifest))).toEqual(ofFlux.map(() => ''));
});

test('the kinds, files and folders of the commands of the other pages are there', async () => {
  const all = pages
    .flatMap((each) => each.commands)
    .filter((each) => /^(kubectl (?!influx )|helm )/.test(each));
  expect(all.length).toBeGreaterThan(10);
  const kinds = all.flatMap((each) => each.match(/\binflux[a-z]+s\b/g) ?? []);
  for (const kind of new Set(kinds)) await kube.run(['get', kind, '-o', 'name']);
  const paths = all.flatMap((each) => each.match(/(?<![\w/.-])(?:charts|crds|deploy)\/[\w./-]*/g) ?? []);
  for (const path of new Set(paths)) expect(existsSync(join(root, path)), path).toBe(true);
});

test("the health checks are taken into Argo CD's ConfigMap as the page says", async () => {
  const metadata = { name: 'argocd-cm', namespace: 'argocd' };
  await kube.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'admin.enabled': 'true' } });
  const command = pages.flatMap((each) => each.commands).find((each) => each.includes('argocd-cm'));
  const [, ...words] = (command ?? '').replace('deploy/', `${join(root, 'deploy')}/`).split(' ');
  const patched = await kube.run([...words, '--dry-run=server', '-o', 'json']);
  const keys = Object.keys((JSON.parse(patched) as { data: object }).data);
  expect(keys).toContain('admin.enabled');
  expect(keys).toContain('resource.customizations.health.influxaddon.dev_InfluxAddon');
});

test('what kubectl is asked for in a command is in a snippet or in the catalogue, and may be patched so', async () => {
  const plans = (await kube.run(['get', 'influxplans', '-o', 'name'])).trim().split('\n');
  const objects = snippets.flatMap((snippet) => loadAll(snippet) as Named[]);
  const addons = objects.filter(({ kind }) => kind === 'InfluxAddon').map(({ metadata }) => metadata.name);
  await kube.apply({
    apiVersion: 'influxaddon.dev/v1alpha1',
    kind: 'InfluxAddon',
    metadata: { name: 'metrics' },
    spec: { plan: '1g', version: '1.8' },
  });
  for (const command of commands.filter((each) => each.startsWith('kubectl '))) {
    const name = /\binfluxaddon[ /]([a-z][a-z0-9-]*)/.exec(command)?.[1];
    if (name !== undefined) expect(addons, command).toContain(name);
    for (const [, kind] of command.matchAll(/\b(influx[a-z]+)\b(?!\.)/g)) {
      if (kind !== 'influxaddon' || name === undefined) await kube.run(['get', kind ?? '', '-o', 'name']);
    }
    // What the shell would fill in is any word.
    const words = command.replaceAll(/"\$\([^)]*\)"/g, 'word').split(' ');
    if (words[1] === 'annotate' && name !== undefined)
      await kube.run([...words.slice(1), '--dry-run=server']);
    const patch = /-p '(.*)'$/.exec(command)?.[1];
    if (patch === undefined) continue;
    const { plan } = (JSON.parse(patch) as { spec: { plan?: string } }).spec;
    if (plan !== undefined) expect(plans).toContain(`influxplan.influxaddon.dev/${plan}`);
    await kube.run(['patch', 'influxaddon', 'metrics', '--dry-run=server', '--type', 'merge', '-p', patch]);
  }
});

test('every make target, npm script, file and folder in a command exists', () => {
  const targets =
    readFileSync(join(root, 'Makefile'), 'utf8')
      .match(/^\.PHONY: (.*)$/m)?.[1]
      ?.split(' ') ?? [];
  for (const command of commands) {
    const target = /^make ([a-z]+)/.exec(command)?.[1];
    if (target !== undefined) expect(targets, command).toContain(target);
  }
  const paths = readme.matchAll(/(?<![\w/.-])((?:charts|deploy|crds|src|test)\/[\w./-]*)/g);
  for (const [, path = ''] of paths) expect(existsSync(join(root, path)), path).toBe(true);
});

test('its list of what is not there yet is the list in the code', () => {
  const section = readme.split('## What is not there yet')[1]?.split('\n## ')[0] ?? '';
  const named = [...section.matchAll(/`(spec\.[^`]+)`/g)].map(([, field]) => field);
  expect(new Set(named)).toEqual(new Set(notImplementedFields.map(({ field }) => field)));
});

test('every STATUS and every flag is explained', () => {
  for (const reason of Object.values(READY_REASON)) expect(readme).toContain(`\`${reason}\``);
  const flags = [...helpText().matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag]) => flag);
  expect(flags.length).toBeGreaterThan(5);
  for (const flag of flags) expect(readme).toContain(`\`${flag}\``);
});

function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(
    ([, block]) => block ?? '',
  );
}

function commandsOf(text: string): string[] {
  return blocks(text, 'sh').flatMap((block) => block.trim().split('\n'));
}
