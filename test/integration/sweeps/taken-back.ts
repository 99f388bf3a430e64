import { expect } from 'vitest';
import { Deployment } from '../../../src/kube/objects/kinds.ts';
import { at, edit, isSettled, NAME, withApp } from '../changing.ts';
import { eventually } from '../children.ts';
import type { Sweep } from './sweep.ts';

/**
 * A change that its user takes back while no operator runs, and the app that was restarted for it put back as it was:
 * it is restarted for what it came back to.
 */
export const takenBack: Sweep = {
  name: 'a change that is taken back',
  prepare: async ({ bed, namespace }) => {
    await withApp(bed, namespace, { plan: '512m' });
    const app = () => bed.client.get(Deployment, at(namespace, 'web'));
    const first = await app();
    let changed: Deployment | undefined;
    const on = (plan: string) =>
      bed.until(namespace, NAME, `on ${plan}`, (addon) => isSettled(addon) && addon.status?.plan === plan);
    const wasRestarted = () => markOf(changed) !== markOf(first);
    return {
      act: () => edit(bed, namespace, { plan: '1g' }),
      done: () => on('1g'),
      meanwhile: async () => {
        changed = await app();
        const template = first?.spec?.template;
        if (template !== undefined && wasRestarted())
          await eventually('the app to be put back', async () => {
            const live = await app();
            const spec = live?.spec && { ...live.spec, template };
            return spec && (await bed.client.replace(Deployment, { ...live, spec }));
          });
        await edit(bed, namespace, { plan: '512m' });
        return () => on('512m');
      },
      check: async () => {
        const web = await app();
        if (wasRestarted()) expect([markOf(first), markOf(changed)]).not.toContain(markOf(web));
        expect((await bed.get(namespace, NAME)).status?.apps?.[0]?.revision).toBe(markOf(web));
      },
    };
  },
};

function markOf(app: Deployment | undefined): string | undefined {
  return app?.spec?.template.metadata?.annotations?.[`restarted-for.influxaddon.dev/${NAME}`];
}
