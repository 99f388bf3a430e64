import { expect } from 'vitest';
import { scaleOperator } from '../e2e/changes/operator-control.ts';
import { addon, ADDON, APP, condition, type Place, plan } from './place.ts';
import type { Scenario } from './scenario.ts';

const POINTS = 200;

export const platformScenarios: readonly Scenario[] = [
  {
    name: 'an image that was moved to a mirror is taken when its version is made anew, by who could not start with the old one',
    alone: true,
    run: async (place) => {
      const version = '1.8.10';
      const shipped = JSON.parse(
        await place.kubectl(['get', 'influxversion', version, '-o', 'json']),
      ) as Manifest;
      const made = async (image: string): Promise<void> => {
        await place.kubectl(['delete', 'influxversion', version]);
        const { metadata, ...rest } = asBackedUp(shipped);
        // In Helm's name, whose release it is in.
        const apply = ['apply', '--server-side', '--field-manager=helm', '-f', '-'];
        await place.kubectl(apply, { ...rest, metadata, spec: { ...rest.spec, image } });
      };
      await made(`registry.invalid/influxdb:${version}`);
      try {
        await place.apply(addon({ version }));
        const degraded = await place.until(ADDON, 'to miss its image', (each) => {
          return condition(each, 'Ready')?.reason === 'Degraded';
        });
        expect(condition(degraded, 'Ready')?.message).toContain(`registry.invalid/influxdb:${version}`);
      } finally {
        await made(`influxdb:${version}`);
      }
      expect((await place.settled()).status?.version).toBe(version);
    },
  },
  {
    name: 'a second pod never opens the data, whoever is away: what was acknowledged is there',
    alone: true,
    run: async (place) => {
      const name = `shared-${place.namespace}`;
      await place.apply(plan(name, {}, { accessMode: 'ReadWriteOnce' }), addon({ plan: name }));
      await place.settled();
      const database = await place.space.database(ADDON);
      await database.fill('before', POINTS);
      await scaleOperator(place.on, 0);
      try {
        await place.kubectl(['scale', 'statefulset', `${ADDON}-influx`, '--replicas=2']);
        const ended = await place.space.until('the second pod to have been refused again', async () => {
          const second = ['get', 'pod', `${ADDON}-influx-1`, '-o', 'json'];
          const { status } = JSON.parse(await place.kubectl(second)) as SecondPod;
          const [bootstrap] = status.initContainerStatuses ?? [];
          const isRefused = (bootstrap?.restartCount ?? 0) >= 2;
          // One that was let in shows it by its engine.
          const isIn = status.containerStatuses?.some(({ started }) => started === true);
          return (isRefused || isIn) && bootstrap?.lastState?.terminated;
        });
        expect(ended.message).toContain('the data belongs to another pod');
        await database.fill('meanwhile', POINTS);
      } finally {
        await scaleOperator(place.on, 2);
      }
      await place.space.until('the second pod to go', async () => {
        return (await place.kubectl(['get', 'pod', `${ADDON}-influx-1`, '--ignore-not-found'])) === '';
      });
      await place.kubectl(['delete', 'pod', `${ADDON}-influx-0`]);
      await place.settled();
      await place.space.until(
        'the database to answer',
        async () => (await database.count('before')) === POINTS,
      );
      expect(await database.count('meanwhile')).toBe(POINTS);
    },
  },
  {
    name: 'restored by a backup tool, children first and the addon last, it is the same database and nothing restarts',
    alone: true,
    run: restored,
  },
];

interface SecondPod {
  status: {
    containerStatuses?: { started?: boolean }[];
    initContainerStatuses?: {
      restartCount: number;
      lastState?: { terminated?: { message?: string } };
    }[];
  };
}

interface Manifest {
  kind: string;
  metadata: Record<string, unknown> & { name: string };
  spec?: Record<string, unknown>;
  status?: unknown;
}

/** In the order of such a tool: the volume, the Secrets, the bare pod, what made the pod, the rest, and the addon. */
const ORDER = [
  `pvc/${ADDON}-influx-data`,
  `secret/${ADDON}-influx-admin`,
  `secret/${ADDON}-influx`,
  `secret/${ADDON}-influx-binding`,
  `secret/${ADDON}-influx-tls`,
  `pod/${ADDON}-influx-0`,
  `statefulset/${ADDON}-influx`,
  `service/${ADDON}-influx`,
  `networkpolicy/${ADDON}-influx`,
  `deployment/${APP}`,
  `influxaddon/${ADDON}`,
];

async function restored(place: Place): Promise<void> {
  const { space, on } = place;
  await place.bound();
  const database = await space.database(ADDON);
  await database.fill('kept', POINTS);
  const before = { ...(await space.addon(ADDON)).status };
  const password = (await space.secret(`${ADDON}-influx`))['INFLUX_URL'];
  const saved: Manifest[] = [];
  for (const what of ORDER)
    saved.push(asBackedUp(JSON.parse(await place.kubectl(['get', what, '-o', 'json'])) as Manifest));
  const { name: volume } = await space.volume(ADDON);
  await place.patch(`pv/${volume}`, { spec: { persistentVolumeReclaimPolicy: 'Retain' } });
  await place.kubectl(['delete', 'namespace', place.namespace]);
  await on.space(place.namespace);
  await scaleOperator(on, 0);
  try {
    await place.patch(`pv/${volume}`, { spec: { claimRef: null } });
    for (const object of saved) await place.kubectl(['create', '-f', '-'], object);
  } finally {
    await scaleOperator(on, 2);
  }
  await place.settled();
  const marks = await place.marks();
  const { status } = await space.addon(ADDON);
  expect(status?.id).toBe(before.id);
  expect(status?.version).toBe(before.version);
  expect((await space.secret(`${ADDON}-influx`))['INFLUX_URL']).toBe(password);
  expect(await (await space.database(ADDON)).count('kept')).toBe(POINTS);
  // The pod that the tool made is the one that runs, and the app was started once: by the tool.
  expect(marks).toMatchObject({ restarts: 0, app: 1, set: 1 });
  await place.patch(`pv/${volume}`, { spec: { persistentVolumeReclaimPolicy: 'Delete' } });
}

/** What is stored of an object: not who it was, whose it was, and how it was. */
function asBackedUp({ metadata, spec, ...object }: Manifest): Manifest {
  return {
    ...without(object, ['status']),
    metadata: without(metadata, OF_ONE_OBJECT),
    ...(spec === undefined ? {} : { spec: without(spec, ['nodeName', 'clusterIP', 'clusterIPs']) }),
  } as unknown as Manifest;
}

function without(object: object, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

const OF_ONE_OBJECT = [
  'uid',
  'resourceVersion',
  'ownerReferences',
  'creationTimestamp',
  'generation',
  'managedFields',
];
