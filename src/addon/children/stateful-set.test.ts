import { describe, expect, it } from 'vitest';
import type { InfluxPlanSpec } from '../../api/influx-plan.ts';
import type { StatefulSet } from '../../kube/objects/kinds.ts';
import { ANNOTATION } from '../world/names.ts';
import { withApiDefaults } from '../testing/api-defaults.ts';
import { contextOf, inForce, live, NO_CHILDREN, SETTINGS } from '../testing/fixtures.ts';
import type { BuildContext } from './context.ts';
import { withIntentHash } from './intent/merge.ts';
import { buildPodTemplate } from './pod/template.ts';
import { slimStatefulSet, unpackTemplate } from './intent/rendered.ts';
import { buildStatefulSet, templateHashes } from './stateful-set.ts';

/** Another release of the operator. */
const render: typeof buildPodTemplate = (context) => ({
  ...buildPodTemplate(context),
  metadata: { labels: { release: 'next' } },
});

/** As the cache holds it, which is without the template. */
function kept(context: BuildContext) {
  return slimStatefulSet(live(withApiDefaults(withIntentHash(buildStatefulSet(context))) as StatefulSet));
}

function renderedLabels({ metadata }: StatefulSet): object | undefined {
  return unpackTemplate(metadata?.annotations?.[ANNOTATION.rendered])?.metadata?.labels;
}

const before = contextOf();
const children = { ...NO_CHILDREN, statefulSet: kept(before) };
const next = contextOf({ children, settings: { ...SETTINGS, render } });

describe('the template of the pod', () => {
  it('stays as it was rendered when the operator is another release, which is seen', () => {
    expect(renderedLabels(buildStatefulSet(next))).not.toMatchObject({ release: 'next' });
    const { running, rendered } = templateHashes(next);
    expect(running).not.toBe(rendered);
    expect(templateHashes({ ...next, settings: SETTINGS })).toEqual({ running, rendered: running });
  });

  it.each([
    ['a change of what is asked for', { target: inForce('512m') }],
    ['maintenance', { target: { ...inForce(), maintainedAt: '2030-01-01T12:00:00.000Z' } }],
    ['a start that comes anyway', { renewTemplate: true }],
  ])('is made anew with %s', (_what, change) => {
    expect(renderedLabels(buildStatefulSet({ ...next, ...change }))).toMatchObject({ release: 'next' });
  });

  it('differs after maintenance only if that has to restart the database for something else', () => {
    const at = '2030-01-01T12:00:00.000Z';
    const of = (marks: object) => buildPodTemplate({ ...before, target: { ...inForce(), ...marks } });
    expect(of({ maintainedAt: at })).toEqual(buildPodTemplate(before));
    expect(of({ maintainedAt: at, restartedAt: at }).metadata?.annotations).toEqual({
      'influxaddon.dev/restarted-at': at,
    });
  });

  it('is found by a mark that no release changes, or every database would be rendered anew by an upgrade', () => {
    const spec: InfluxPlanSpec = {
      class: 'Starter',
      memory: '1Gi',
      cpu: { request: '250m', limit: '1' },
      storage: { size: '20Gi' },
      limits: { connections: 1000, concurrentQueries: 20, queryTimeout: '60s', series: 100_000 },
    };
    const target = { plan: { name: '1g', spec }, version: { name: '1.8.10', image: 'influxdb:1.8.10' } };
    const { metadata } = buildStatefulSet({ ...before, target });
    expect(metadata?.annotations?.[ANNOTATION.renderedFor]).toBe('OveSiFRvlWSeaPZg');
  });
});
