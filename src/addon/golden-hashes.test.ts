import { expect, test } from 'vitest';
import type { InfluxAddonSpec } from '../api/influx-addon.ts';
import { crdOf } from '../api/crd/crd.ts';
import { influxAddonKind } from '../api/influx-addon.ts';
import type { StatefulSet } from '../kube/objects/kinds.ts';
import type { Live } from '../kube/objects/types.ts';
import type { Workload } from './world/world.ts';
import { hashOf } from './world/hash.ts';
import type { InForce } from './world/facts.ts';
import { ANNOTATION, restartedForKey } from './world/names.ts';
import { buildStatefulSet } from './children/stateful-set.ts';
import { contextOf, inForce } from './testing/fixtures.ts';
import { unpackTemplate } from './children/intent/rendered.ts';
import { ADDON, Simulation } from './testing/model/simulation.ts';
import golden from './testing/golden-hashes.json' with { type: 'json' };

/**
 * The hashes that decide over a restart, as the release before had them for the same addon. An operator that is
 * upgraded compares what it finds in the cluster, made by that release, with what it would make: where they differ,
 * databases and apps restart without anybody's having asked. So: never edit golden-hashes.json to please a change.
 * A new field has to leave out of every hash what has its default. One thing may change with a release, on purpose: the
 * template as it is rendered anew (and with it the intents of the StatefulSet and the admin Secret, which record it).
 * A database keeps the template that it has until its maintenance window. And what outlives its addon, the claim and the
 * admin Secret, has lost a label for which it could be pruned: their intents restart nobody.
 */
const INJECT = { apps: [{ name: 'web', env: 'Inject' as const }] };

const CASES: Readonly<Record<string, Partial<InfluxAddonSpec>>> = {
  default: {},
  'with an app': INJECT,
  'with an app that has names of its own': {
    apps: [{ name: 'web', env: 'Inject', containers: ['web'] }],
    connection: { prefix: 'METRICS', alias: '' },
  },
  'another plan': { ...INJECT, plan: '2g' },
  'a minor version': { ...INJECT, version: '1.7' },
  'an exact version': { ...INJECT, version: '1.8.5' },
  'placed somewhere': {
    placement: {
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'influx', effect: 'NoSchedule' }],
      priorityClassName: 'high',
      podLabels: { team: 'metrics' },
      podAnnotations: { 'example.org/note': 'a note' },
    },
  },
  'only bound apps may connect': { ...INJECT, access: { policy: 'Bound' } },
  'a deletion policy': { deletionPolicy: 'Delete' },
};

/** What each optional field means when it is absent, written out. A new field of the spec stands here too. */
const DEFAULTS: Partial<InfluxAddonSpec> = {
  state: 'Running',
  apps: [],
  connection: { prefix: 'SCALINGO_INFLUX', alias: 'INFLUX' },
  tls: { mode: 'Disabled' },
  internetAccess: { mode: 'Disabled' },
  access: { policy: 'Namespace' },
  retentionPolicies: [],
  defaultRetentionPolicy: 'autogen',
  continuousQueries: [],
  users: [],
  maintenanceWindow: { startHour: 21, durationHours: 8 },
  storage: { autoGrow: 'Disabled' },
  deletionPolicy: 'Retain',
  deletionProtection: 'Disabled',
};
/** Fields that have no default: without them there is nothing. */
const WITHOUT_DEFAULT = ['plan', 'version', 'backups', 'restoreFrom', 'placement'];

test.each(Object.entries(CASES))('%s: the hashes are those of the release before', (name, spec) => {
  expect(hashesOf(spec)).toEqual((golden as Record<string, unknown>)[name]);
});

/** The model of the cluster signs no certificates, so the pod of these is looked at without one. */
const WITH_TLS: Readonly<Record<string, InForce>> = {
  'TLS with a certificate of the operator': { ...inForce(), tls: 'Required' },
  'TLS with a certificate of the user': {
    ...inForce(),
    tls: 'Required',
    certificate: { name: 'my-cert', trust: 'trusted-authorities' },
  },
};

test.each(Object.entries(WITH_TLS))('%s: the hashes are those of the release before', (name, target) => {
  expect(podHashesOf(target)).toEqual((golden as Record<string, unknown>)[name]);
});

test('what has its default is in no hash, written out or not', () => {
  const fields = Object.keys(DEFAULTS).concat(WITHOUT_DEFAULT).toSorted();
  expect(fields).toEqual(specFields().toSorted());
  expect(hashesOf(DEFAULTS)).toEqual(hashesOf({}));
});

/** All of an addon that is ready: of its children, of its database, and of the app. */
function hashesOf(spec: Partial<InfluxAddonSpec>) {
  const simulation = new Simulation(spec);
  simulation.settle(20);
  const objects = new Map<string, Live<object & { metadata: { annotations?: Record<string, string> } }>>();
  for (const [key, object] of simulation.api.entries()) objects.set(key, object as never);
  const intents = [...objects.entries()].flatMap(([key, { metadata }]) => {
    const hash = metadata.annotations?.[ANNOTATION.intent];
    return hash === undefined ? [] : [[key, hash] as const];
  });
  const set = simulation.api.get<StatefulSet>('StatefulSet', `${ADDON}-influx`);
  const web = simulation.api.get<Workload>('Deployment', 'web');
  const status = simulation.addon?.status;
  return JSON.parse(
    JSON.stringify({
      intents: Object.fromEntries(intents),
      renderedFor: set?.metadata.annotations?.[ANNOTATION.renderedFor],
      renderedTemplate: hashOf(unpackTemplate(set?.metadata.annotations?.[ANNOTATION.rendered])),
      dataPlane: status?.dataPlane?.revision,
      app: web?.spec?.template?.metadata?.annotations?.[restartedForKey(ADDON)],
      appEntry: status?.apps?.map(({ revision, injectedTemplate }) => ({ revision, injectedTemplate })),
    }),
  ) as unknown;
}

function podHashesOf(target: InForce) {
  const annotations = buildStatefulSet(contextOf({ target })).metadata?.annotations;
  return {
    renderedFor: annotations?.[ANNOTATION.renderedFor],
    renderedTemplate: hashOf(unpackTemplate(annotations?.[ANNOTATION.rendered])),
  };
}

function specFields(): string[] {
  const schema = crdOf(influxAddonKind).spec.versions[0]?.schema.openAPIV3Schema as unknown as {
    properties: { spec: { properties: object } };
  };
  return Object.keys(schema.properties.spec.properties);
}
