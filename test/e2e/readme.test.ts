import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { READY_REASON } from '../../src/api/reasons.ts';
import { notImplementedFields } from '../../src/api/not-implemented.ts';
import { helpText } from '../../src/config.ts';
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts';
import { root } from '../demo/install.ts';
import { Kubectl } from '../demo/kubectl.ts';
import { applied } from './operator-node.ts';

/** What the README says is tried on a real API server, which has no node. */
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const snippets = blocks('yaml');
const commands = blocks('sh').flatMap((block) => block.trim().split('\n'));

interface Named {
  kind: string;
  metadata: { name: string };
}

let plane: ControlPlane;
let kube: Kubectl;

beforeAll(async () => {
  plane = await startControlPlane();
  kube = await Kubectl.of(plane.kubeconfig);
  await kube.run(['apply', '--server-side', '-k', join(root, 'crds')]);
  await applied(kube, 'deploy/catalogue');
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

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(
    ([, text]) => text ?? '',
  );
}
