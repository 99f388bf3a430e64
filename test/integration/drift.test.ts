import { describe, beforeAll, expect, test } from 'vitest';
import { NetworkPolicy, Service, StatefulSet } from '../../src/kube/objects/kinds.ts';
import type { KubeObject } from '../../src/kube/objects/types.ts';
import { childOf, eventually } from './children.ts';
import { secretData } from './database.ts';
import {
  healed,
  notes,
  patch,
  podUid,
  remove,
  rolledOut,
  sameData,
  SECRETS,
  settled,
  untouched,
  wrote,
} from './drift.ts';
import type { OperatorBed } from './operator-bed.ts';
import { atRest } from './rest.ts';
import { withOperatorBed } from './with-bed.ts';

let bed: OperatorBed;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);
beforeAll(async () => {
  await bed.startOperator();
});

describe.concurrent('an edited or deleted Secret comes back as it was', () => {
  describe.concurrent.each(SECRETS)('%s', (slot) => {
    test.concurrent('each key edited', async () => {
      const before = await settled(bed, `edit-${slot}`);
      const { name } = childOf('db', slot);
      for (const key of Object.keys(await secretData(bed, before.namespace, name))) {
        const data = { [key]: Buffer.from('edited').toString('base64') };
        await patch(before, slot, { data });
        await healed(before);
      }
      await untouched(before);
    });

    test.concurrent('each key removed, and one added', async () => {
      const before = await settled(bed, `remove-${slot}`);
      const { name } = childOf('db', slot);
      for (const key of Object.keys(await secretData(bed, before.namespace, name))) {
        await patch(before, slot, { data: { [key]: null } });
        await healed(before);
      }
      await patch(before, slot, { data: { EXTRA: 'AAAA' } });
      await healed(before);
      await untouched(before);
    });

    test.concurrent('its labels, annotations and owners removed', async () => {
      const before = await settled(bed, `labels-${slot}`);
      await patch(before, slot, { metadata: { labels: null } });
      await healed(before);
      await patch(before, slot, { metadata: { annotations: null } });
      await healed(before);
      await patch(before, slot, { metadata: { ownerReferences: null } });
      await healed(before);
      await untouched(before);
    });
  });

  test.concurrent.each(['urlSecret', 'bindingSecret'] as const)('%s deleted', async (slot) => {
    const before = await settled(bed, `delete-${slot}`);
    const since = Date.now();
    await remove(before, slot);
    await healed(before);
    await untouched(before);
    expect((await wrote(before, since)).children).toEqual(['create secrets']);
  });
});

describe.concurrent('an edited or deleted child comes back as it was', () => {
  test.concurrent.each<[string, object]>([
    ['selector', { spec: { selector: { app: 'other' } } }],
    ['selector replaced', { spec: { selector: { 'influxaddon.dev/addon': null } } }],
    ['ports', { spec: { ports: [{ name: 'http', port: 9999, targetPort: 'http' }] } }],
    [
      'a second port',
      {
        spec: {
          ports: [
            { name: 'http', port: 8086, targetPort: 'http' },
            { name: 'rpc', port: 8088 },
          ],
        },
      },
    ],
    ['type', { spec: { type: 'NodePort' } }],
    ['labels', { metadata: { labels: null } }],
  ])('Service: %s', async (what, body) => {
    const before = await settled(bed, `service-${what}`);
    const since = Date.now();
    await patch(before, 'service', body);
    await healed(before);
    await untouched(before);
    const { children, status } = await wrote(before, since);
    expect(children).toEqual(['update services']);
    expect(status).toBeLessThanOrEqual(1);
  });

  test.concurrent.each<[string, object]>([
    ['open to all', { spec: { ingress: [{}] } }],
    ['closed to the namespace', { spec: { ingress: [] } }],
    ['another pod', { spec: { podSelector: { matchLabels: { app: 'other' } } } }],
    [
      'a narrower peer',
      { spec: { ingress: [{ from: [{ podSelector: { matchLabels: { app: 'other' } } }] }] } },
    ],
    ['labels', { metadata: { labels: null } }],
  ])('NetworkPolicy: %s', async (what, body) => {
    const before = await settled(bed, `policy-${what}`);
    await patch(before, 'networkPolicy', body);
    await healed(before);
    await untouched(before);
  });

  test.concurrent('NetworkPolicy: only some pods of the namespace let in', async () => {
    const before = await settled(bed, 'policy-narrow');
    const path = '/spec/ingress/0/from/0/podSelector';
    const value = { matchLabels: { app: 'other' } };
    await bed.client.patch(
      NetworkPolicy,
      { namespace: before.namespace, name: 'db-influx' },
      [{ op: 'replace', path, value }],
      { type: 'json' },
    );
    await healed(before);
    await untouched(before);
  });

  test.concurrent.each([
    ['service', Service],
    ['networkPolicy', NetworkPolicy],
  ] as const)('%s deleted', async (slot, kind) => {
    const before = await settled(bed, `delete-${slot}`);
    const old = await bed.client.get<KubeObject>(kind, { namespace: before.namespace, name: 'db-influx' });
    await remove(before, slot);
    await eventually('a new one', async () => {
      const live = await bed.client.get<KubeObject>(kind, { namespace: before.namespace, name: 'db-influx' });
      return live !== undefined && live.metadata.uid !== old?.metadata.uid;
    });
    await healed(before);
    await untouched(before);
    await eventually(
      'the event that tells of it',
      async () => (await notes(before, 'ChildRestored')).length > 0,
    );
  });

  test.concurrent.each<[string, object]>([
    [
      'a variable added',
      {
        spec: {
          template: { spec: { containers: [{ name: 'influxdb', env: [{ name: 'ADDED', value: '1' }] }] } },
        },
      },
    ],
    [
      'another image',
      { spec: { template: { spec: { containers: [{ name: 'influxdb', image: 'influxdb:1.7.11' }] } } } },
    ],
    [
      'authentication off',
      {
        spec: {
          template: {
            spec: {
              containers: [
                { name: 'influxdb', env: [{ name: 'INFLUXDB_HTTP_AUTH_ENABLED', value: 'false' }] },
              ],
            },
          },
        },
      },
    ],
    ['a sidecar', { spec: { template: { spec: { containers: [{ name: 'beside', image: 'beside:1' }] } } } }],
    ['two replicas', { spec: { replicas: 2 } }],
    ['no replicas', { spec: { replicas: 0 } }],
    [
      'its annotations',
      {
        metadata: {
          annotations: { 'influxaddon.dev/rendered-template': '{}', 'influxaddon.dev/rendered-for': 'other' },
        },
      },
    ],
    ['labels', { metadata: { labels: null } }],
  ])('StatefulSet: %s', async (what, body) => {
    const before = await settled(bed, `set-${what}`);
    const since = Date.now();
    const key = { namespace: before.namespace, name: 'db-influx' };
    await bed.client.patch(StatefulSet, key, body, { type: what === 'labels' ? 'merge' : 'strategic' });
    await healed(before);
    await rolledOut(before);
    await bed.ready(before.namespace, 'db');
    await atRest(bed, before.namespace, 'db');
    await sameData(before);
    const { children, status } = await wrote(before, since);
    expect(children).toEqual(['update statefulsets']);
    // The database away and back, and on a busy machine a sight of each in between: but no fight.
    expect(status).toBeLessThanOrEqual(7);
  });

  test.concurrent.each(['Background', 'Foreground', 'Orphan'] as const)(
    'StatefulSet deleted (%s)',
    async (propagationPolicy) => {
      const before = await settled(bed, `set-${propagationPolicy}`);
      const since = Date.now();
      const key = { namespace: before.namespace, name: 'db-influx' };
      const old = await bed.client.get(StatefulSet, key);
      await bed.client.delete(StatefulSet, key, { propagationPolicy });
      await eventually('a new one', async () => {
        const live = await bed.client.get(StatefulSet, key);
        return live !== undefined && live.metadata.uid !== old?.metadata.uid;
      });
      await healed(before);
      await rolledOut(before);
      await bed.ready(before.namespace, 'db');
      await atRest(bed, before.namespace, 'db');
      await sameData(before);
      if (propagationPolicy === 'Orphan') expect(await podUid(bed, before.namespace)).toBe(before.podUid);
      const { children, status } = await wrote(before, since);
      expect(children).toEqual(['create statefulsets']);
      expect(status).toBeLessThanOrEqual(7);
      const { violations } = bed.kubelet.engine;
      expect(violations.filter((each) => each.includes(before.claimUid))).toEqual([]);
    },
  );

  test.concurrent('the labels and facts on the volume claim', async () => {
    const before = await settled(bed, 'claim');
    await patch(before, 'claim', { metadata: { labels: null } });
    await healed(before);
    const annotations = {
      'influxaddon.dev/id': 'other_1234',
      'influxaddon.dev/opened-by-version': '1.6.7',
      'influxaddon.dev/plan-storage': null,
    };
    await patch(before, 'claim', { metadata: { annotations } });
    await healed(before);
    await untouched(before);
  });
});
