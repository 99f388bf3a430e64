import { expect } from 'vitest';
import { ADDON, APP, app, condition, type Place } from './place.ts';
import type { Scenario } from './scenario.ts';

const VARIABLES = ['INFLUX_URL', 'SCALINGO_INFLUX_URL'];
const TIMES = [1, 2, 3];

export const appScenarios: readonly Scenario[] = [
  {
    name: 'an app that is deployed anew by kubectl replace, again and again, has its variables each time',
    sample: true,
    run: async (place) => {
      await place.bound();
      for (const time of TIMES) {
        await place.kubectl(['replace', '-f', '-'], app());
        await hasVariables(place, `replaced ${time} times`);
      }
      for (const time of TIMES) {
        await place.kubectl(['replace', '--force', '-f', '-'], app());
        await hasVariables(place, `deleted and made ${time} times`);
      }
      await place.kubectl(['delete', 'deployment', APP]);
      await place.until(
        ADDON,
        'to miss its app',
        (each) => condition(each, 'AppsCurrent')?.reason === 'AppMissing',
      );
      await place.kubectl(['create', '-f', '-'], app());
      await hasVariables(place, 'made a while after it was deleted');
    },
  },
  {
    name: 'an addon that names its own certificate or its own database is refused by name',
    run: async (place) => {
      await place.bound({ tls: { mode: 'Required' } });
      const before = await place.marks();
      const own = `${ADDON}-influx`;
      const cases: [string, object, RegExp][] = [
        [
          'tls',
          { tls: { mode: 'Required', certificateRef: { name: `${own}-tls` } } },
          /is invalid: .*spec\.tls\.certificateRef/s,
        ],
        ['apps', { apps: [{ kind: 'StatefulSet', name: own }] }, /is invalid: .*spec\.apps.*own database/s],
      ];
      for (const [what, spec, field] of cases) {
        await expect(place.edit(spec), what).rejects.toThrow(field);
      }
      expect(await place.marks()).toEqual(before);
    },
  },
];

async function hasVariables(place: Place, when: string): Promise<void> {
  const path = '{.spec.template.spec.containers[0].env[*].name}';
  await place.space.until(`${APP} to have its variables, ${when}`, async () => {
    const names = (await place.kubectl(['get', 'deployment', APP, '-o', `jsonpath=${path}`])).split(' ');
    return VARIABLES.every((name) => names.includes(name));
  });
  await place.until(ADDON, `to be Ready with its app current, ${when}`, (each) => {
    return ['Ready', 'AppsCurrent'].every((type) => condition(each, type)?.status === 'True');
  });
}
