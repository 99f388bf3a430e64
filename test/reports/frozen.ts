import { expect } from 'vitest';
import { ADDON } from './place.ts';
import type { Scenario } from './scenario.ts';

const FROZEN = [`${ADDON}-influx`, `${ADDON}-influx-binding`];

export const frozenScenarios: readonly Scenario[] = [
  {
    name: 'Secrets that somebody made immutable are made again with the same content, and nothing restarts',
    run: async (place) => {
      await place.bound();
      const before = await place.marks();
      const content = await Promise.all(FROZEN.map((name) => place.space.secret(name)));
      for (const name of FROZEN) await place.patch(`secret/${name}`, { immutable: true });
      await place.space.until('the Secrets to be made again', async () => {
        const found = await Promise.all(
          FROZEN.map((name) => place.kubectl(['get', 'secret', name, '-o', 'jsonpath={.immutable}'])),
        );
        return found.every((immutable) => immutable !== 'true');
      });
      expect(await Promise.all(FROZEN.map((name) => place.space.secret(name)))).toEqual(content);
      expect(await place.marks()).toEqual(before);
    },
  },
];
