import { describe, expect, it } from 'vitest';
import { addonOf, contextOf, inForce, live } from '../../testing/fixtures.ts';
import { ANNOTATION } from '../../world/names.ts';
import { buildPodTemplate } from './template.ts';
import { packTemplate } from '../intent/rendered.ts';
import { buildStatefulSet, renderedFor } from '../stateful-set.ts';

const context = contextOf();
const template = buildPodTemplate(context);
const pod = template.spec;
const containers = [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])];

describe('the pod of the database', () => {
  it('passes the restricted pod security standard', () => {
    expect(pod?.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1500,
      fsGroup: 1500,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    for (const { securityContext } of containers)
      expect(securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
  });

  it('has no token of a service account and no variables of other Services', () => {
    expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
  });

  it('makes the administrator first, before anything else could see the open loopback', () => {
    expect(containers.map(({ name }) => name)).toEqual(['bootstrap', 'influxdb']);
    expect(containers[0]?.image).toBe(containers[1]?.image);
  });

  it('shows the bootstrap Secret to the init container only, and in no variable or argument', () => {
    const mounting = containers.filter(({ volumeMounts }) =>
      volumeMounts?.some(({ name }) => name === 'bootstrap'),
    );
    expect(mounting.map(({ name }) => name)).toEqual(['bootstrap']);
    for (const { env, envFrom } of containers) {
      expect(envFrom).toBeUndefined();
      expect(env?.filter(({ valueFrom }) => valueFrom !== undefined)).toEqual([]);
    }
  });

  it('is guaranteed its memory, by the plan', () => {
    for (const { resources } of containers)
      expect(resources).toEqual({
        requests: { cpu: '250m', memory: '1Gi' },
        limits: { cpu: '1', memory: '1Gi' },
      });
  });

  it('keeps the backup port on loopback and authentication on', () => {
    const env = new Map(containers[1]?.env?.map(({ name, value }) => [name, value]));
    expect(env.get('INFLUXDB_HTTP_AUTH_ENABLED')).toBe('true');
    expect(env.get('INFLUXDB_BIND_ADDRESS')).toMatch(/^127\.0\.0\.1:/);
    expect(containers[1]?.ports).toEqual([{ name: 'http', containerPort: 8086, protocol: 'TCP' }]);
  });

  it('is placed as asked, and keeps its own labels whatever is asked', () => {
    const placement = {
      nodeSelector: { disk: 'ssd' },
      podLabels: { team: 'a', 'influxaddon.dev/addon': 'stolen' },
      podAnnotations: { note: 'b' },
      priorityClassName: 'high',
    };
    const placed = buildPodTemplate({ ...context, addon: addonOf({ placement }) });
    expect(placed.spec).toMatchObject({ nodeSelector: { disk: 'ssd' }, priorityClassName: 'high' });
    expect(placed.metadata?.labels).toMatchObject({ team: 'a', 'influxaddon.dev/addon': 'my-app' });
    expect(placed.metadata?.annotations).toEqual({ note: 'b' });
  });
});

describe('the StatefulSet', () => {
  it('has one replica, or none when stopped', () => {
    expect(buildStatefulSet(context).spec?.replicas).toBe(1);
    expect(buildStatefulSet({ ...context, addon: addonOf({ state: 'Stopped' }) }).spec?.replicas).toBe(0);
  });

  it('replaces a pod that never came up', () => {
    expect(buildStatefulSet(context).spec?.podManagementPolicy).toBe('Parallel');
  });

  it('keeps the template as it was rendered, though this operator would render another', () => {
    const older = buildPodTemplate({ ...context, target: inForce('512m') });
    const statefulSet = live(buildStatefulSet(context));
    const annotations = { ...statefulSet.metadata.annotations, [ANNOTATION.rendered]: packTemplate(older) };
    const before = { ...statefulSet, metadata: { ...statefulSet.metadata, annotations } };
    const children = { ...context.children, statefulSet: before };
    expect(buildStatefulSet({ ...context, children }).spec?.template).toEqual(older);
    const bigger = buildStatefulSet({ ...context, target: inForce('2g'), children });
    expect(bigger.spec?.template).toEqual(buildPodTemplate({ ...context, target: inForce('2g') }));
  });

  it('renders anew for another plan, version or placement, and for nothing else', () => {
    const base = renderedFor(context);
    const others = [
      { ...context, target: inForce('2g') },
      { ...context, target: inForce('1g', '1.7.11') },
      { ...context, addon: addonOf({ placement: { nodeSelector: { disk: 'ssd' } } }) },
    ];
    for (const other of others) expect(renderedFor(other)).not.toBe(base);
    const addon = addonOf({ state: 'Stopped', apps: [{ name: 'web' }], connection: { prefix: 'X' } });
    expect(renderedFor({ ...context, addon })).toBe(base);
  });
});
