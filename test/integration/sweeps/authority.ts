import { expect } from 'vitest';
import type { InfluxAddon } from '../../../src/api/influx-addon.ts';
import type { Live } from '../../../src/kube/objects/types.ts';
import { isDone, NAME, Trusting } from '../trusting.ts';
import { VerifyingApp } from '../verifying-app.ts';
import { openWindow } from '../windows.ts';
import type { Sweep } from './sweep.ts';

/** One restart of app and database each, and never a certificate that the app does not trust. */
export const authority: Sweep = {
  name: 'a lost authority',
  home: 'Scene',
  few: true,
  prepare: async ({ bed, namespace }) => {
    const trusting = new Trusting(bed, namespace);
    await trusting.provision(openWindow());
    const before = await trusting.restarts();
    const first = await trusting.stored();
    const isReplaced = (addon: Live<InfluxAddon>) =>
      isDone(addon) && addon.status?.maintenance?.past?.length === 2;
    const app = new VerifyingApp(bed, namespace, NAME);
    return {
      act: async () => {
        await app.verifies();
        await trusting.loseAuthority();
      },
      done: () => bed.until(namespace, NAME, 'replaced', isReplaced),
      check: async () => {
        const end = await trusting.restarts();
        const { past } = (await bed.get(namespace, NAME)).status?.maintenance ?? {};
        expect(end.app, JSON.stringify(past)).toBe('3');
        expect(end.pod, JSON.stringify(past)).not.toBe(before.pod);
        expect(await trusting.generation()).toBe(2);
        expect((await trusting.stored()).signer).not.toBe(first.signer);
        await app.verifies();
        expect([...app.refusals]).toEqual([]);
      },
      close: () => app[Symbol.asyncDispose](),
    };
  },
  writes: (writes) => {
    expect(writes.length).toBeGreaterThan(12);
  },
};
