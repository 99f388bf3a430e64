import { expect, it } from 'vitest';
import { addonOf, NAMESPACE, SETTINGS } from '../testing/fixtures.ts';
import { NO_MEMORY } from '../world/memory.ts';
import { observe } from './observe.ts';
import { makeStores } from './stores.ts';

it('knows of each app which other addons of the namespace name it or have it bound, and no others', () => {
  const stores = makeStores();
  const web = [{ name: 'web', env: 'Inject' as const }];
  const add = (name: string, spec: Parameters<typeof addonOf>[0], more: object = {}, namespace = NAMESPACE) =>
    stores.addons.recordWrite(
      addonOf(spec, { metadata: { name, namespace, uid: `${namespace}-${name}` }, ...more }),
    );
  add('names-it', { apps: web });
  add('has-it-bound', {}, { status: { apps: [{ kind: 'Deployment', name: 'web', injectedTemplate: 'a' }] } });
  add('names-another-kind', { apps: [{ name: 'web', kind: 'StatefulSet' }] });
  add('names-another', { apps: [{ name: 'api' }] });
  add('elsewhere', { apps: web }, {}, 'other');
  const addon = addonOf({ apps: [...web, { name: 'alone' }] });
  stores.addons.recordWrite(addon);
  const { rivals } = observe(stores, addon, NO_MEMORY, SETTINGS);
  expect(rivals?.get('Deployment/web')?.toSorted()).toEqual(['has-it-bound', 'names-it']);
  expect(rivals?.get('Deployment/alone')).toEqual([]);
});
