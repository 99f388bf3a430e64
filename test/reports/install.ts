import { join } from 'node:path';
import { expect } from 'vitest';
import { OPERATOR, root } from '../demo/install.ts';
import { addon, ADDON, app, type Marks, type Place } from './place.ts';
import type { Scenario } from './scenario.ts';

const CHART = join(root, 'charts', OPERATOR.name);
/** What the chart calls everything of a release whose name does not have its own in it. */
const OTHER = { release: 'other', namespace: 'other-system', name: `other-${OPERATOR.name}` } as const;
const WAIT = ['--wait', '--timeout', '3m', '--values', '-'];

export const installScenarios: readonly Scenario[] = [
  {
    name: 'a second release beside the first stays idle and says by whom, and nothing flips between the two',
    alone: true,
    run: async (place) => {
      await both(place);
      const before = await state(place);
      const since = Date.now();
      const where = ['-n', OTHER.namespace];
      await place.helm(['install', OTHER.release, CHART, ...where, '--create-namespace', ...WAIT], {
        crds: { install: false },
        catalogue: { install: false },
      });
      try {
        const { kube } = place.space;
        const log = await place.space.until('the second to say by whom', async () => {
          const said = await kube.run(['logs', `deployment/${OTHER.name}`, ...where, '--tail=-1']);
          return said.includes('another installation operates the same namespaces') && said;
        });
        expect(log).toContain(`${OPERATOR.namespace}/${OPERATOR.name}`);
        // Whatever a leader would have done on its own, it would have done while these are made.
        await place.apply(addon({ tls: { mode: 'Required' } }, 'later'), addon({}, 'latest'));
        await place.settled('later');
        await place.settled('latest');
        expect(await state(place)).toEqual(before);
        const user = `system:serviceaccount:${OTHER.namespace}:${OTHER.name}`;
        expect(await place.written(since, user)).toEqual([]);
      } finally {
        await uninstall(place, OTHER.release, OTHER.namespace);
      }
      expect(await state(place)).toEqual(before);
    },
  },
  {
    name: 'installed anew under another name and elsewhere, with --take-ownership, it goes on and nothing restarts',
    sample: true,
    alone: true,
    run: async (place) => {
      await both(place);
      await place.apply(addon({ deletionPolicy: 'Delete' }, 'gone'));
      await place.settled('gone');
      const before = await marks(place);
      await uninstall(place, OPERATOR.name, OPERATOR.namespace);
      await place.kubectl(['delete', 'influxaddon', 'gone', '--wait=false']);
      const install = ['install', OTHER.release, CHART, '-n', OTHER.namespace, '--create-namespace', ...WAIT];
      await expect(place.helm(install)).rejects.toThrow(/invalid ownership metadata/);
      await place.helm([...install, '--take-ownership']);
      try {
        await goesOn(place, before, 'Open');
        await place.kubectl(['wait', '--for=delete', 'influxaddon/gone', '--timeout=2m']);
        expect(await place.kubectl(['get', 'pvc', 'gone-influx-data', '--ignore-not-found'])).toBe('');
      } finally {
        await uninstall(place, OTHER.release, OTHER.namespace);
        const back = ['install', OPERATOR.name, CHART, '-n', OPERATOR.namespace, ...WAIT, '--take-ownership'];
        await place.helm(back, { replicas: 2 });
      }
      await goesOn(place, before, 'Namespace');
    },
  },
];

/** An edit is acted on by whoever leads now, and moves no pod. */
async function goesOn(place: Place, before: object, policy: string): Promise<void> {
  for (const name of [ADDON, 'secure']) {
    await place.patch(`influxaddon/${name}`, { spec: { access: { policy } } });
    await place.settled(name);
  }
  expect(await marks(place)).toEqual(before);
}

/** One addon without TLS and one with it, each with an app. */
async function both(place: Place): Promise<void> {
  await place.apply(
    app('secure', 'secure'),
    addon({ apps: [{ name: 'secure', env: 'Inject' }], tls: { mode: 'Required' } }, 'secure'),
  );
  await place.bound();
  await place.settled('secure');
}

async function marks(place: Place): Promise<Marks[]> {
  return [await place.marks(), await place.marks('secure', 'secure')];
}

/** With what two that lead would write in turn: each has an authority, and a namespace, of its own. */
async function state(place: Place): Promise<object> {
  const names = ['secret/secure-influx-tls', `secret/${ADDON}-influx-tls`, 'networkpolicy/secure-influx'];
  const versions = await place.kubectl([
    'get',
    ...names,
    '-o',
    'jsonpath={.items[*].metadata.resourceVersion}',
  ]);
  return { marks: await marks(place), versions };
}

async function uninstall(place: Place, release: string, namespace: string): Promise<void> {
  await place.helm(['uninstall', release, '-n', namespace, '--wait']);
  const pods = ['pod', '-l', `app.kubernetes.io/instance=${release}`, '-n', namespace];
  await place.space.kube.run(['wait', '--for=delete', ...pods, '--timeout=3m']);
}
