import { expect } from 'vitest';
import { CHILDREN } from '../../../src/addon/children/index.ts';
import { Deployment, PersistentVolumeClaim, Secret } from '../../../src/kube/objects/kinds.ts';
import { appOf } from '../app.ts';
import { eventually } from '../children.ts';
import { queryAsAdmin, queryThroughUrl } from '../database.ts';
import { condition, isReady } from '../operator-bed.ts';
import type { Scene, Sweep } from './sweep.ts';

const NAME = 'my-app';

export const provisioning: Sweep = {
  name: 'a provisioning',
  prepare: async ({ bed, namespace }) => {
    await bed.client.create(Deployment, appOf(namespace));
    return {
      act: () => bed.addon(namespace, NAME, { apps: [{ name: 'web', env: 'Inject' }] }),
      done: async () => {
        await bed.until(
          namespace,
          NAME,
          'ready with its app',
          (addon) => isReady(addon) && condition(addon, 'AppsCurrent')?.status === 'True',
        );
        // It comes after everything that anybody waits for.
        await eventually(
          'a certificate',
          async () => await bed.client.get(Secret, { namespace, name: `${NAME}-influx-tls` }),
        );
      },
      check: () => expectWhole({ bed, namespace }),
    };
  },
  writes: (writes) => {
    const to = (pattern: RegExp) => writes.filter((write) => pattern.test(write)).length;
    // The rights, eight children once each (the certificate among them), the app once; a status more where a phase
    // takes long.
    const built = CHILDREN.filter(({ slot }) => slot !== 'externalService');
    expect(to(/^POST /)).toBe(built.length + 2);
    expect(to(/deployments\/web$/)).toBe(1);
    expect(to(/\/status$/)).toBeGreaterThanOrEqual(1);
    expect(to(/\/status$/)).toBeLessThanOrEqual(4);
    expect(writes.filter((write) => !/^(POST|PUT|PATCH) /.test(write))).toEqual([
      'CREATE DATABASE',
      'CREATE USER',
      'GRANT ALL',
      'write point',
      'DROP SERIES',
    ]);
  },
};

/** One database, one user, one password that works, one volume; the app was restarted once. */
async function expectWhole({ bed, namespace }: Scene): Promise<void> {
  const { id } = (await bed.get(namespace, NAME)).status ?? {};
  const asked = async (statement: string): Promise<unknown> =>
    JSON.parse((await queryAsAdmin(bed, namespace, NAME, statement)).body);
  const rows = (...values: unknown[][]) => ({ results: [{ series: [{ values }] }] });
  expect(await asked('SHOW DATABASES')).toMatchObject(rows([id]));
  expect(await asked('SHOW USERS')).toMatchObject(rows(['admin', true], [id, false]));
  expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW MEASUREMENTS')).status).toBe(200);
  const { items: secrets } = await bed.client.list(Secret, { namespace });
  const names = ['', '-admin', '-binding', '-tls'].map((suffix) => `${NAME}-influx${suffix}`);
  expect(secrets.map(({ metadata }) => metadata.name).toSorted()).toEqual(names);
  expect((await bed.client.list(PersistentVolumeClaim, { namespace })).items).toHaveLength(1);
  const web = await bed.client.get(Deployment, { namespace, name: 'web' });
  expect(web?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
}
