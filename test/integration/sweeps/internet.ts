import { expect } from 'vitest';
import type { InfluxAddon } from '../../../src/api/kinds.ts';
import type { Live } from '../../../src/kube/objects/types.ts';
import { queryThroughUrl, secretData } from '../database.ts';
import { isSettled, LIST, LOAD_BALANCER, NAME, OFF, Outside } from '../outside.ts';
import type { Scene, Sweep } from './sweep.ts';

const ADDRESS = '192.0.2.7';

const on: Sweep = {
  name: 'a way in from outside',
  few: true,
  prepare: async ({ bed, namespace }: Scene) => {
    const outside = await Outside.in(bed, namespace, { tls: { mode: 'Required' } });
    await outside.settled();
    expect(await outside.starts()).toBe(1);
    return {
      act: () => outside.edit(LOAD_BALANCER),
      done: async () => {
        // The address comes whenever there is a Service, whichever operator made it.
        await outside.giveAddress(ADDRESS);
        await bed.until(namespace, NAME, 'reached from outside', isOn);
      },
      check: () => expectOn(outside),
    };
  },
  writes: (writes) => {
    expect(essential(writes)).toEqual([
      'POST services',
      `PUT secrets/${NAME}-influx-admin`,
      `PUT networkpolicies/${NAME}-influx`,
      `PUT secrets/${NAME}-influx-tls`,
      `PUT secrets/${NAME}-influx-binding`,
      `PUT statefulsets/${NAME}-influx`,
      'write point',
      'DROP SERIES',
    ]);
  },
};

const off: Sweep = {
  name: 'the end of a way in from outside',
  few: true,
  prepare: async ({ bed, namespace }: Scene) => {
    const outside = await Outside.in(bed, namespace, LOAD_BALANCER);
    await outside.giveAddress(ADDRESS);
    await bed.until(namespace, NAME, 'reached from outside', isOn);
    const [starts, revision] = [await outside.starts(), await outside.appRevision()];
    return {
      act: () => outside.edit(OFF),
      done: () => bed.until(namespace, NAME, 'closed', isOff),
      check: async () => {
        expect(await outside.service()).toBeUndefined();
        expect(await outside.policy()).toEqual({ blocks: [], rules: 1 });
        const binding = await secretData(bed, namespace, `${NAME}-influx-binding`);
        expect(binding).not.toHaveProperty('external-uri');
        expect(await outside.starts()).toBe(starts);
        expect(await outside.appRevision()).toBe(revision);
      },
    };
  },
  writes: (writes) => {
    expect(essential(writes)).toEqual([
      `DELETE services/${NAME}-influx-external`,
      `PUT secrets/${NAME}-influx-binding`,
      `PUT networkpolicies/${NAME}-influx`,
    ]);
  },
};

/** Switching the way in on and off: one stop of the database for on, none for off, none of the app. */
export const internet: readonly Sweep[] = [on, off];

const isOn = (addon: Live<InfluxAddon>) => isSettled(addon) && addon.status?.externalEndpoint !== undefined;
const isOff = (addon: Live<InfluxAddon>) => isSettled(addon) && addon.status?.externalEndpoint === undefined;

/** How often status tells where things stand depends on how fast the address and the pod come. */
function essential(writes: readonly string[]): string[] {
  return writes.filter((write) => !write.endsWith('/status'));
}

async function expectOn(outside: Outside): Promise<void> {
  const { bed, namespace } = outside;
  expect(await outside.shown()).toContain(`IP Address:${ADDRESS}`);
  expect(await outside.policy()).toEqual({ blocks: LIST, rules: 1 });
  expect((await outside.service())?.spec?.loadBalancerSourceRanges).toEqual(LIST);
  const binding = await secretData(bed, namespace, `${NAME}-influx-binding`);
  expect(binding['external-uri']).toContain(`@${ADDRESS}:8086/`);
  expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW DATABASES')).status).toBe(200);
  expect(await outside.starts()).toBe(2);
  expect(await outside.appRevision()).toBe('2');
}
