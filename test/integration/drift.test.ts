import { describe, beforeAll, expect, test } from 'vitest';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { NetworkPolicy, Service, StatefulSet } from '../../src/kube/objects/kinds.ts';
import type { KubeObject } from '../../src/kube/objects/types.ts';
import { childOf, eventually } from './children.ts';
import { secretData } from './database.ts';
import {
  type Before,
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
import { mutateSets } from './mutating-webhook.ts';
import { condition, isReady, type OperatorBed } from './operator-bed.ts';
import { atRest } from './rest.ts';
import { stalled } from './stalled.ts';
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

/** Whoever changes a Secret back more often within ten minutes is answered once a minute. */
const AT_LEISURE = 5;

/** Does it to each key of the child, a few on each of as many addons as that takes, side by side. */
async function eachKey(
  namespace: string,
  slot: (typeof SECRETS)[number],
  change: (before: Before, key: string) => Promise<void>,
): Promise<Before> {
  const first = await settled(bed, namespace);
  const { name } = childOf('db', slot);
  const keys = Object.keys(await secretData(bed, first.namespace, name));
  const groups = Array.from({ length: Math.ceil(keys.length / AT_LEISURE) }, (_, index) =>
    keys.slice(index * AT_LEISURE, (index + 1) * AT_LEISURE),
  );
  await Promise.all(
    groups.map(async (some, index) => {
      const before = index === 0 ? first : await settled(bed, `${namespace}-${index}`);
      for (const key of some) {
        await change(before, key);
        await healed(before);
      }
      await untouched(before);
    }),
  );
  return first;
}

describe.concurrent('an edited or deleted Secret comes back as it was', () => {
  describe.concurrent.each(SECRETS)('%s', (slot) => {
    test.concurrent('each key edited', async () => {
      await eachKey(`edit-${slot}`, slot, async (before, key) => {
        await patch(before, slot, { data: { [key]: Buffer.from('edited').toString('base64') } });
      });
    });

    test.concurrent('each key removed, and one added', async () => {
      const before = await eachKey(`remove-${slot}`, slot, async (scene, key) => {
        await patch(scene, slot, { data: { [key]: null } });
      });
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

  test.concurrent.each<[string, object]>([
    ['a variable', { containers: [{ name: 'influxdb', env: [{ name: 'ADDED', value: '1' }] }] }],
    ['a container', { containers: [{ name: 'beside', image: 'beside:1' }] }],
    ['a toleration', { tolerations: [{ key: 'spot', operator: 'Exists' }] }],
  ])('StatefulSet: what is added to the pod is left, and kept when it changes (%s)', async (what, spec) => {
    const before = await settled(bed, `added-${what}`);
    const { namespace } = before;
    const since = Date.now();
    const key = { namespace, name: 'db-influx' };
    await bed.client.patch(StatefulSet, key, { spec: { template: { spec } } }, { type: 'strategic' });
    await rolledOut(before);
    await bed.ready(namespace, 'db');
    await atRest(bed, namespace, 'db');
    expect((await wrote(before, since)).children).toEqual([]);
    await bed.client.patch(
      InfluxAddon,
      { namespace, name: 'db' },
      { spec: { plan: '1g' } },
      { type: 'merge' },
    );
    await bed.until(namespace, 'db', 'on 1g', (addon) => isReady(addon) && addon.status?.plan === '1g');
    expect((await bed.client.get(StatefulSet, key))?.spec?.template.spec).toMatchObject({
      ...(what === 'a toleration' ? spec : {}),
      containers: [
        { name: 'influxdb', resources: { limits: { memory: '1Gi' } } },
        ...(what === 'a container' ? [{ name: 'beside' }] : []),
      ],
    });
    await sameData(before);
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

describe.concurrent('a webhook that changes every StatefulSet that is stored', () => {
  test.concurrent('its additions and its image are lived with: nothing is repeated, and the image is told', async () => {
    const namespace = await bed.namespace('webhook-mirror');
    await using _webhook = await mutateSets(bed, namespace, ({ spec }) => [
      {
        op: 'replace',
        path: '/spec/template/spec/containers/0/image',
        value: `mirror.example/${spec?.template.spec?.containers[0]?.image?.split('/').at(-1)}`,
      },
      { op: 'add', path: '/spec/template/spec/tolerations', value: [{ key: 'spot', operator: 'Exists' }] },
      {
        op: 'add',
        path: '/spec/template/spec/containers/-',
        value: { name: `mesh-${spec?.template.spec?.containers.length}`, image: 'mesh:1' },
      },
    ]);
    const since = Date.now();
    await bed.addon(namespace, 'db');
    const addon = await bed.ready(namespace, 'db');
    await atRest(bed, namespace, 'db');
    const sets = async () =>
      (await bed.writes(namespace, since)).filter((each) => each.includes('statefulsets'));
    expect(await sets()).toEqual(['create statefulsets']);
    expect(condition(addon, 'Ready')?.message).toContain(
      'StatefulSet db-influx: somebody else sets spec.template.spec.containers.influxdb.image otherwise',
    );
    const pod = await podUid(bed, namespace);
    await bed.client.patch(
      InfluxAddon,
      { namespace, name: 'db' },
      { spec: { retentionPolicies: [{ name: 'week', duration: '7d' }] } },
      { type: 'merge' },
    );
    await bed.until(namespace, 'db', 'operated', ({ status }) =>
      (status?.retentionPolicies ?? []).some(({ name }) => name === 'week'),
    );
    expect(await podUid(bed, namespace)).toBe(pod);
    expect(await sets()).toEqual(['create statefulsets']);
  });

  test.concurrent('what it keeps from being in force is told, and the database is operated', async () => {
    const namespace = await bed.namespace('webhook-memory');
    await using _webhook = await mutateSets(bed, namespace, () => [
      {
        op: 'replace',
        path: '/spec/template/spec/containers/0/resources/limits/memory',
        value: '1500Mi',
      },
    ]);
    const since = Date.now();
    await bed.addon(namespace, 'db');
    const addon = await stalled(bed, namespace, 'db', 'ChangedBack');
    expect(condition(addon, 'Stalled')?.message).toContain('containers.influxdb.resources.limits.memory');
    await bed.until(namespace, 'db', 'available', (each) => condition(each, 'Available')?.status === 'True');
    await atRest(bed, namespace, 'db');
    const sets = (await bed.writes(namespace, since)).filter((each) => each.includes('statefulsets'));
    expect(sets).toEqual(['create statefulsets']);
  });
});
