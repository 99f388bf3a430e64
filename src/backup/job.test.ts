import { expect, it } from 'vitest';
import { buildJob } from './job.ts';
import type { JobSpec } from './protocol.ts';

it.each(['check', 'backup'] as const)(
  'every container of the pod that does %s has limits of memory and CPU, which a quota may ask for',
  (operation) => {
    const spec = { operation, deadlineSeconds: 60 } as JobSpec;
    const job = buildJob({
      spec,
      metadata: { name: 'job' },
      addonName: undefined,
      image: 'operator:1',
      engineImage: 'influxdb:1.8.10',
      dataBytes: 0,
      secrets: {},
    });
    const containers = job.spec?.template.spec?.containers ?? [];
    expect(containers).toHaveLength(operation === 'backup' ? 2 : 1);
    for (const { resources } of containers)
      expect(Object.keys(resources?.limits ?? {}).toSorted()).toEqual(['cpu', 'memory']);
  },
);
