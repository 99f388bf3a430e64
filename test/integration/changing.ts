import { expect } from 'vitest';
import type { InfluxAddon as Addon, InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { Deployment, Pod, StatefulSet } from '../../src/kube/objects/kinds.ts';
import type { Live } from '../../src/kube/objects/types.ts';
import { appOf } from './app.ts';
import { queryThroughUrl, secretData } from './database.ts';
import { condition, isReady, type OperatorBed } from './operator-bed.ts';

export const NAME = 'my-app';
export const at = (namespace: string, name: string) => ({ namespace, name });

/** An edit of the spec of a running database. */
export interface Change {
  readonly name: string;
  readonly from: Partial<InfluxAddonSpec>;
  readonly to: Partial<InfluxAddonSpec>;
}

export const changes: readonly Change[] = [
  { name: 'a larger plan', from: { plan: '512m' }, to: { plan: '1g' } },
  { name: 'a smaller plan', from: { plan: '1g' }, to: { plan: '512m' } },
  { name: 'a newer version', from: { version: '1.7' }, to: { version: '1.8.10' } },
  { name: 'TLS on', from: {}, to: { tls: { mode: 'Required' } } },
  { name: 'TLS off', from: { tls: { mode: 'Required' } }, to: { tls: { mode: 'Disabled' } } },
  {
    name: 'plan, version and TLS in one edit',
    from: { version: '1.7' },
    to: { plan: '2g', version: '1.8', tls: { mode: 'Required' } },
  },
];

export const isSettled = (addon: Live<Addon>): boolean =>
  isReady(addon) && condition(addon, 'AppsCurrent')?.status === 'True';

/** An addon that is ready, with an app that has variables injected. */
export async function withApp(
  bed: OperatorBed,
  namespace: string,
  spec: Partial<InfluxAddonSpec>,
): Promise<void> {
  await bed.client.create(Deployment, appOf(namespace));
  await bed.addon(namespace, NAME, { ...spec, apps: [{ name: 'web', env: 'Inject' }] });
  await bed.until(namespace, NAME, 'ready', isSettled);
}

export async function edit(
  bed: OperatorBed,
  namespace: string,
  spec: Partial<InfluxAddonSpec>,
): Promise<void> {
  await bed.client.patch(InfluxAddon, at(namespace, NAME), { spec }, { type: 'merge' });
}

export async function podUid(bed: OperatorBed, namespace: string): Promise<string> {
  return (await bed.client.get(Pod, at(namespace, `${NAME}-influx-0`)))?.metadata.uid ?? '';
}

/** What there is when a change is done, but for times and what is drawn by chance. */
export async function expectChanged(
  bed: OperatorBed,
  namespace: string,
  change: Change,
  podBefore: string,
): Promise<void> {
  const addon = await bed.get(namespace, NAME);
  const { plan = '512m', version, tls } = { ...change.from, ...change.to };
  expect(addon.status).toMatchObject({
    plan,
    version: version?.startsWith('1.7') === true ? '1.7.11' : '1.8.10',
    appsReady: '1/1',
  });
  const scheme = tls?.mode === 'Required' ? 'https' : 'http';
  expect(addon.status?.endpoint).toBe(`${scheme}://my-app-influx.${namespace}.svc.cluster.local:8086`);
  expect((await secretData(bed, namespace, 'my-app-influx'))['INFLUX_URL']).toMatch(
    new RegExp(`^${scheme}://`),
  );
  const set = await bed.client.get(StatefulSet, at(namespace, 'my-app-influx'));
  const memory = set?.spec?.template.spec?.containers[0]?.resources?.limits?.['memory'];
  expect(memory).toBe(plan === '512m' ? '512Mi' : plan === '1g' ? '1Gi' : '2Gi');
  expect(await podUid(bed, namespace)).not.toBe(podBefore);
  const web = await bed.client.get(Deployment, at(namespace, 'web'));
  // The first is its owner's, the second got the variables, the third follows the change.
  expect(web?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW DATABASES')).status).toBe(200);
}
