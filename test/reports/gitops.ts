import { expect } from 'vitest';
import { ADDON, type Place } from './place.ts';
import type { Scenario } from './scenario.ts';

interface Listed {
  items: {
    kind: string;
    metadata: {
      name: string;
      uid: string;
      ownerReferences?: object[];
      annotations?: Record<string, string>;
    };
  }[];
}

const KINDS = 'persistentvolumeclaims,secrets,statefulsets,services,networkpolicies,pods';
const KEPT = [`persistentvolumeclaim/${ADDON}-influx-data`, `secret/${ADDON}-influx-admin`];

export const gitopsScenarios: readonly Scenario[] = [
  {
    name: 'nothing that has no owner carries the label by which a GitOps tool prunes, and it is told to leave it alone',
    run: async (place) => {
      await place.bound();
      expect(await ownerless(place, ADDON)).toEqual([]);
      for (const what of KEPT) {
        const { metadata } = JSON.parse(
          await place.kubectl(['get', what, '-o', 'json']),
        ) as Listed['items'][number];
        expect(metadata.ownerReferences, what).toBeUndefined();
        expect(metadata.annotations?.['argocd.argoproj.io/compare-options'], what).toBe('IgnoreExtraneous');
        const options = metadata.annotations?.['argocd.argoproj.io/sync-options']?.split(',');
        expect(options, what).toEqual(expect.arrayContaining(['Prune=false', 'Delete=false']));
      }
    },
  },
  {
    name: 'the label that a GitOps tool puts on an addon is neither taken off nor handed on to what is made for it',
    run: async (place) => {
      const label = 'app.kubernetes.io/instance';
      await place.bound();
      const before = await place.marks();
      await place.kubectl(['label', `influxaddon/${ADDON}`, `${label}=platform`]);
      // An edit that has to be acted on: what would be done about the label is done with it.
      await place.edit({ access: { policy: 'Open' } });
      await place.settled();
      const { labels } = (await place.space.addon(ADDON)).metadata;
      expect(labels?.[label]).toBe('platform');
      expect(await place.kubectl(['get', KINDS, '-l', `${label}=platform`, '-o', 'name'])).toBe('');
      expect(await place.marks()).toEqual(before);
    },
  },
];

/** What a tool that tracks by the label would delete, as it is not in git and nobody's. */
async function ownerless(place: Place, instance: string): Promise<string[]> {
  const found = await place.kubectl([
    'get',
    KINDS,
    '-l',
    `app.kubernetes.io/instance=${instance}`,
    '-o',
    'json',
  ]);
  return (JSON.parse(found) as Listed).items
    .filter(({ metadata }) => metadata.ownerReferences === undefined)
    .map(({ kind, metadata }) => `${kind}/${metadata.name}`);
}
