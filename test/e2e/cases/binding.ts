import { expect, test } from 'vitest';
import { pick } from '../../size.ts';
import type { OperatorNode } from '../operator-node.ts';
import type { Space } from '../space.ts';

/** Applications and the URL in their environment. */
export function bindingCases(on: () => OperatorNode): void {
  test('an app with env Inject and one that refers to the Secret both write through INFLUX_URL', async () => {
    const space = await on().space('binding');
    await space.kube.apply(
      writer(space.namespace, 'injected', []),
      writer(space.namespace, 'referring', [
        { name: 'INFLUX_URL', valueFrom: { secretKeyRef: { name: 'my-app-influx', key: 'INFLUX_URL' } } },
      ]),
    );
    const database = await space.ready('my-app', {
      apps: [{ name: 'injected', env: 'Inject' }, { name: 'referring' }],
    });
    for (const app of ['injected', 'referring']) {
      const before = await space.until(`points of ${app}`, async () => (await points(app)) || undefined);
      await space.until(`more points of ${app}`, async () => (await points(app)) > before);
    }
    expect(await restartsOf(space, 'referring')).toBeUndefined();
    // The app that nobody restarted has the URL from the Secret alone; the other one in its template.
    const env = await space.kube.run([
      'get',
      'deployment/injected',
      '-n',
      space.namespace,
      '-o',
      'jsonpath={.spec.template.spec.containers[0].env[*].name}',
    ]);
    expect(env.split(' ')).toEqual(expect.arrayContaining(['INFLUX_URL', 'SCALINGO_INFLUX_URL']));

    async function points(app: string): Promise<number> {
      const { rows } = await database.asUser(`SELECT COUNT(n) FROM demo WHERE writer = '${app}'`);
      return Number(rows[0]?.[1] ?? 0);
    }
  });

  test.each(pick(['1.8.10'], ['1.7.11', '1.8.10']))(
    'on %s the user of the app may drop series, and may not drop measurements, databases or make users',
    async (version) => {
      const space = await on().space(`rights-${version.replaceAll('.', '-')}`);
      const database = await space.ready('my-app', { version });
      await database.write(['a,t=1 n=1i 1', 'a,t=2 n=1i 2', 'b n=1i 3']);
      expect(await database.asUser(`DROP SERIES FROM a WHERE t = '1'`)).toMatchObject({ error: undefined });
      expect(await database.count('a')).toBe(1);
      for (const statement of [
        'DROP MEASUREMENT a',
        `DROP DATABASE ${database.address.id}`,
        `CREATE USER evil WITH PASSWORD 'x' WITH ALL PRIVILEGES`,
        `GRANT ALL PRIVILEGES TO ${database.address.id}`,
      ]) {
        expect((await database.asUser(statement)).error, statement).toMatch(/requires admin privilege/);
      }
      expect(await database.count('a')).toBe(1);
    },
  );
}

async function restartsOf(space: Space, app: string): Promise<string | undefined> {
  const deployment = await space.must<{
    spec: { template: { metadata: { annotations?: Record<string, string> } } };
  }>('deployments', app);
  return deployment.spec.template.metadata.annotations?.['restarted-for.influxaddon.dev/my-app'];
}

/** The demo application as its developer deploys it. */
export function writer(namespace: string, name: string, env: object[]): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'app',
              image: 'demo-writer:1',
              env: [{ name: 'WRITER_NAME', value: name }, ...env],
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    },
  };
}
