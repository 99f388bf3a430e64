import { describe, expect, it } from 'vitest';
import type { Live } from '../../kube/objects/types.ts';
import { appOf, ownersKnown } from '../testing/apps.ts';
import { NO_MEMORY } from '../world/memory.ts';
import type { Workload } from '../world/world.ts';
import { entriesOfOthers, knownEntries } from './owners.ts';

const env = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [`k:{"name":"${name}"}`, { '.': {}, 'f:name': {} }]));

function fieldsOf(list: 'f:containers' | 'f:initContainers', container: string, ...names: string[]) {
  const at = {
    [`k:{"name":"${container}"}`]: { '.': {}, 'f:image': {}, 'f:env': { '.': {}, ...env(...names) } },
  };
  return { 'f:spec': { 'f:replicas': {}, 'f:template': { 'f:spec': { [list]: at } } } };
}

function appWith(metadata: object): Live<Workload> {
  const app = appOf();
  return { ...app, metadata: { ...app.metadata, ...metadata } } as Live<Workload>;
}

const ours = { manager: 'influxaddon-operator', fieldsV1: fieldsOf('f:containers', 'web', 'INFLUX_URL') };
const manifest = (container: object) => ({
  annotations: {
    'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({
      spec: { template: { spec: { containers: [container] } } },
    }),
  },
});

describe('the variables that others than the operator wrote', () => {
  it.each<[string, object, string[]]>([
    ['none in an object that tells of no managers', {}, []],
    ['none that only the operator wrote', { managedFields: [ours] }, []],
    [
      'one that the owner wrote, too',
      {
        managedFields: [
          ours,
          { manager: 'helm', fieldsV1: fieldsOf('f:containers', 'web', 'INFLUX_URL', 'A') },
        ],
      },
      ['web/INFLUX_URL', 'web/A'],
    ],
    [
      'one of an init container',
      {
        managedFields: [
          { manager: 'argocd', fieldsV1: fieldsOf('f:initContainers', 'migrate', 'INFLUX_URL') },
        ],
      },
      ['migrate/INFLUX_URL'],
    ],
    [
      'none of who writes status',
      { managedFields: [{ ...ours, manager: 'controller', subresource: 'status' }] },
      [],
    ],
    [
      'none of managers without such fields',
      { managedFields: [{ manager: 'kubectl', fieldsV1: {} }, {}] },
      [],
    ],
    [
      'one in the manifest that was applied from the client, of which nothing had to be written',
      { managedFields: [ours], ...manifest({ name: 'web', env: [{ name: 'INFLUX_URL' }] }) },
      ['web/INFLUX_URL'],
    ],
    ['none in a manifest without variables', manifest({ name: 'web' }), []],
    [
      'none in a manifest that somebody has spoiled',
      { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{' } },
      [],
    ],
  ])('%s', (_, metadata, expected) => {
    expect(entriesOfOthers(appWith(metadata))).toEqual(expected);
  });

  it('are known of the very state of the workload in which they were looked for, and of no other', () => {
    const app = appOf();
    const memory = { ...NO_MEMORY, ...ownersKnown(app, ['web/INFLUX_URL']) };
    const named = { kind: 'Deployment', name: 'web' };
    expect(knownEntries({ memory }, named, app)).toEqual(['web/INFLUX_URL']);
    const later = { ...app, metadata: { ...app.metadata, resourceVersion: 'later' } };
    const another = { ...app, metadata: { ...app.metadata, uid: 'another' } };
    for (const each of [later, another, undefined])
      expect(knownEntries({ memory }, named, each)).toBeUndefined();
  });
});
