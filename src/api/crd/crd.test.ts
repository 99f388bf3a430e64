import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { crdOf } from './crd.ts';
import type { CustomKind } from './custom-kind.ts';
import { crdFiles } from './emit-crds.ts';
import { influxAddonKind } from '../influx-addon.ts';
import { customKinds } from '../kinds.ts';
import type { StructuralSchema } from './structural.ts';

describe('the definitions', () => {
  it.each([...crdFiles()])('%s is what the schemas say (npm run generate)', async (path, content) => {
    expect(await readFile(path, 'utf8')).toBe(content);
  });

  it.each(customKinds.map((kind) => [kind.kind, kind] as const))(
    '%s bounds every string, list and map, without which its rules are too dear for the API server',
    (_, kind) => {
      const unbounded = [...nodes(kind)].filter(([, node]) => !isBounded(node)).map(([path]) => path);
      expect(unbounded).toEqual([]);
    },
  );

  it.each(customKinds.map((kind) => [kind.kind, kind] as const))(
    '%s explains every field to kubectl explain',
    (_, kind) => {
      const silent = [...nodes(kind)]
        .filter(([path, node]) => !path.endsWith('[]') && !path.endsWith('{}') && !node['description'])
        .map(([path]) => path);
      expect(silent).toEqual([]);
    },
  );

  it('set no defaults but the generation of a status that nobody has written yet', () => {
    const defaults = customKinds.flatMap((kind) =>
      [...nodes(kind)].filter(([, node]) => 'default' in node).map(([path]) => `${kind.kind}${path}`),
    );
    const withStatus = customKinds.filter(({ statusSubresource }) => statusSubresource);
    expect(withStatus).toHaveLength(4);
    expect(defaults).toEqual(
      withStatus.flatMap(({ kind }) => [`${kind}.status`, `${kind}.status.observedGeneration`]),
    );
  });

  it('are structural: nothing is said about fields that are not there', () => {
    const text = JSON.stringify(customKinds.map((kind) => crdOf(kind)));
    for (const keyword of ['"additionalProperties":false', '"anyOf"', '"oneOf"', '"$ref"', '"pattern"']) {
      expect(text).not.toContain(keyword);
    }
  });

  it('show an addon as the contract does', () => {
    const columns = crdOf(influxAddonKind).spec.versions[0]?.additionalPrinterColumns ?? [];
    const shown = (priority?: 1) =>
      columns
        .filter((column) => ('priority' in column ? column.priority : undefined) === priority)
        .map(({ name }) => name.toUpperCase());
    // kubectl puts NAME before them.
    expect(shown()).toEqual(['PLAN', 'VERSION', 'STATUS', 'URL SECRET', 'APPS', 'LAST BACKUP', 'AGE']);
    expect(shown(1)).toEqual(['ID', 'TLS', 'STORAGE', 'WINDOW']);
  });
});

function isBounded(node: StructuralSchema): boolean {
  switch (node.type) {
    case 'string':
      return 'maxLength' in node || 'enum' in node;
    case 'integer':
      return 'minimum' in node || 'maximum' in node;
    case 'array':
      return 'maxItems' in node && 'x-kubernetes-list-type' in node;
    case 'object':
      return !node.additionalProperties || 'maxProperties' in node;
    default:
      return true;
  }
}

/** Every node below `spec` and `status` with its path. */
function* nodes(kind: CustomKind): Generator<[string, StructuralSchema]> {
  const root = crdOf(kind).spec.versions[0]?.schema.openAPIV3Schema;
  const { spec, status } = (root?.properties ?? {}) as Record<string, StructuralSchema>;
  if (spec) yield* walk('.spec', spec);
  if (status) yield* walk('.status', status);
}

function* walk(path: string, node: StructuralSchema): Generator<[string, StructuralSchema]> {
  yield [path, node];
  for (const [name, child] of Object.entries(node.properties ?? {})) yield* walk(`${path}.${name}`, child);
  if (node.items) yield* walk(`${path}[]`, node.items);
  if (node.additionalProperties) yield* walk(`${path}{}`, node.additionalProperties);
}
