import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { installedRoles, rightsFiles } from './rights.ts';

describe('the list of rights', () => {
  it('is what the roles say (npm run generate): whoever widens one sees it in a diff', async () => {
    for (const [path, content] of rightsFiles()) expect(await readFile(path, 'utf8'), path).toBe(content);
  });

  it('has each right once in a role', () => {
    for (const { name, rights } of installedRoles()) {
      const all = rights.map((right) => JSON.stringify(right));
      expect(all.length - new Set(all).size, name).toBe(0);
    }
  });

  it('has no right on Secrets outside of the tenant role, but on some by name and to make them beside the operator', () => {
    const onSecrets = installedRoles().flatMap(({ name, namespace, rights }) =>
      rights
        .filter(({ resource }) => resource === 'secrets')
        .map((right) => ({ name, namespace, verb: right.verb, named: right.names.length > 0 })),
    );
    const wide = onSecrets.filter(({ named }) => !named);
    expect(wide.filter(({ name }) => name !== 'influxaddon-operator-tenant')).toEqual([
      { name: 'influxaddon-operator', namespace: 'influxaddon-system', verb: 'create', named: false },
    ]);
  });

  it('has patches in the tenant role for apps alone: children are replaced, by the resourceVersion that was seen', () => {
    const tenant = installedRoles().find(({ name }) => name === 'influxaddon-operator-tenant');
    const patched = tenant?.rights.filter(({ verb }) => verb === 'patch').map(({ resource }) => resource);
    expect(patched).toEqual(['statefulsets', 'deployments', 'daemonsets']);
  });

  it('has no wildcard in any role', () => {
    const words = installedRoles().flatMap(({ rights }) =>
      rights.flatMap(({ group, resource, verb, names }) => [group, resource, verb, ...names]),
    );
    expect(words).not.toContain('*');
  });
});
