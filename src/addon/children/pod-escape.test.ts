import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import { addonOf, contextOf } from '../testing/fixtures.ts';
import { buildPodTemplate } from './pod/template.ts';

/** What somebody would write who wants out of the pod, or into another one. */
const text = fc.oneof(
  fc.string({ maxLength: 80, unit: 'binary' }),
  fc.constantFrom(
    '$(INFLUXDB_HTTP_AUTH_ENABLED)',
    '"; cat /bootstrap/* #',
    '$(cat /bootstrap/create-admin.iql)',
    '`id`',
    '\n  hostNetwork: true\n',
    '{"hostPath":{"path":"/"}}',
    '../../../etc/shadow',
    '__proto__',
    'constructor',
    'influxaddon.dev/external',
    'restarted-for.influxaddon.dev/my-app',
    'a.influxaddon.dev/b',
    '-config=/tmp/x',
  ),
);
const texts = fc.dictionary(text, text, { maxKeys: 4 });

const spec: fc.Arbitrary<Partial<InfluxAddonSpec>> = fc.record(
  {
    connection: fc.record({ prefix: text, alias: text }),
    apps: fc.array(fc.record({ name: text, containers: fc.array(text, { maxLength: 2 }) }), { maxLength: 2 }),
    users: fc.array(fc.record({ name: text, access: fc.constant('Read' as const) }), { maxLength: 2 }),
    retentionPolicies: fc.array(fc.record({ name: text, duration: text }), { maxLength: 2 }),
    defaultRetentionPolicy: text,
    continuousQueries: fc.array(fc.record({ name: text, query: text }), { maxLength: 2 }),
    tls: fc.record({ certificateRef: fc.record({ name: text }) }),
    internetAccess: fc.record({
      mode: fc.constant('Disabled' as const),
      hostnames: fc.array(text, { maxLength: 2 }),
      allowedCIDRs: fc.array(text, { maxLength: 2 }),
      serviceAnnotations: texts,
    }),
    backups: fc.record({ storeRef: fc.record({ name: text }) }),
    restoreFrom: fc.record({ backupRef: fc.record({ name: text }) }),
    placement: fc.record({
      nodeSelector: texts,
      priorityClassName: text,
      podLabels: texts,
      podAnnotations: texts,
    }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Partial<InfluxAddonSpec>>;

const context = contextOf();

it('no text in a spec changes more of the pod than where it is put and how it is marked', () => {
  const plain = inside(buildPodTemplate({ ...context, addon: addonOf({}) }));
  fc.assert(
    fc.property(spec, (fields) => {
      const template = buildPodTemplate({ ...context, addon: addonOf(fields) });
      expect(inside(template)).toEqual(plain);
    }),
    { numRuns: 500 },
  );
});

it('nobody marks a pod as we do', () => {
  const plain = ours(buildPodTemplate({ ...context, addon: addonOf({}) }));
  fc.assert(
    fc.property(texts, texts, (podLabels, podAnnotations) => {
      const template = buildPodTemplate({
        ...context,
        addon: addonOf({ placement: { podLabels, podAnnotations } }),
      });
      expect(ours(template)).toEqual(plain);
    }),
    { numRuns: 500 },
  );
});

type Template = ReturnType<typeof buildPodTemplate>;

/** The pod but for its place on a node and its marks. */
function inside({ spec: pod }: Template): unknown {
  const { nodeSelector: _, tolerations: __, affinity: ___, priorityClassName: ____, ...rest } = pod ?? {};
  return rest;
}

function ours({ metadata }: Template): unknown {
  const own = ([key]: [string, string]): boolean => key.includes('influxaddon.dev/');
  return [metadata?.labels, metadata?.annotations].map((marks) => Object.entries(marks ?? {}).filter(own));
}
