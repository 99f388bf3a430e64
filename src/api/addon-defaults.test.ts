import { describe, expect, it } from 'vitest';
import * as addonOf from './addon-defaults.ts';
import type { InfluxAddonSpec } from './influx-addon.ts';

const addon = (spec: Partial<InfluxAddonSpec> = {}, uid = 'a-uid', annotations = {}) => ({
  metadata: { name: 'my-app', uid, annotations },
  spec: { plan: '1g', ...spec },
});

describe('an addon that says nothing but its plan', () => {
  it('has what the contract promises', () => {
    const bare = addon();
    expect({
      variables: addonOf.variablesOf(bare),
      state: addonOf.stateOf(bare),
      apps: addonOf.appsOf(bare),
      tls: addonOf.tlsModeOf(bare),
      internet: addonOf.internetAccessOf(bare),
      access: addonOf.accessOf(bare),
      retentionPolicies: addonOf.retentionPoliciesOf(bare),
      defaultRetentionPolicy: addonOf.defaultRetentionPolicyOf(bare),
      continuousQueries: addonOf.continuousQueriesOf(bare),
      users: addonOf.usersOf(bare),
      backups: addonOf.backupsOf(bare),
      autoGrow: addonOf.autoGrowOf(bare),
      placement: addonOf.placementOf(bare),
      deletionPolicy: addonOf.deletionPolicyOf(bare),
      deletionProtection: addonOf.deletionProtectionOf(bare),
      paused: addonOf.isPaused(bare),
    }).toEqual({
      variables: ['SCALINGO_INFLUX_URL', 'INFLUX_URL'],
      state: 'Running',
      apps: [],
      tls: 'Disabled',
      internet: { mode: 'Disabled', allowedCIDRs: [], hostnames: [], serviceAnnotations: {} },
      access: { policy: 'Namespace', from: [] },
      retentionPolicies: [],
      defaultRetentionPolicy: 'autogen',
      continuousQueries: [],
      users: [],
      backups: undefined,
      autoGrow: 'Disabled',
      placement: { nodeSelector: {}, tolerations: [], podLabels: {}, podAnnotations: {} },
      deletionPolicy: 'Retain',
      deletionProtection: 'Disabled',
      paused: false,
    });
  });

  it('has its eight-hour window at 21:00 on a weekday of its own', () => {
    const windows = Array.from({ length: 200 }, (_, n) => addonOf.maintenanceWindowOf(addon({}, `uid-${n}`)));
    expect(windows.every((window) => window.startHour === 21 && window.durationHours === 8)).toBe(true);
    expect(new Set(windows.map(({ weekday }) => weekday)).size).toBe(7);
    expect(addonOf.maintenanceWindowOf(addon({}, 'uid-1'))).toEqual(windows[1]);
  });
});

describe('an addon that says more', () => {
  it('has no second variable with an empty alias', () => {
    expect(addonOf.variablesOf(addon({ connection: { prefix: 'METRICS', alias: '' } }))).toEqual([
      'METRICS_URL',
    ]);
  });

  it('gets the defaults of each app', () => {
    const apps: InfluxAddonSpec['apps'] = [
      { name: 'web' },
      { kind: 'DaemonSet', name: 'agent', env: 'Inject', containers: ['a'] },
    ];
    expect(addonOf.appsOf(addon({ apps: apps ?? [] }))).toEqual([
      { kind: 'Deployment', name: 'web', env: 'FromSecret' },
      { kind: 'DaemonSet', name: 'agent', env: 'Inject', containers: ['a'] },
    ]);
  });

  it('keeps what it says of its window, and gets the rest', () => {
    const window = addonOf.maintenanceWindowOf(
      addon({ maintenanceWindow: { weekday: 'Sunday', startHour: 3 } }),
    );
    expect(window).toEqual({ weekday: 'Sunday', startHour: 3, durationHours: 8 });
  });

  it('is backed up at midnight UTC unless it says when, or that it is not', () => {
    const storeRef = { name: 'nightly' };
    const backups = (schedule: object, verify?: 'Weekly') =>
      addonOf.backupsOf(addon({ backups: { storeRef, schedule, ...(verify ? { verify } : {}) } }));
    expect(addonOf.backupsOf(addon({ backups: { storeRef } }))).toEqual({
      store: 'nightly',
      dailyHour: 0,
      verify: 'Never',
    });
    expect(backups({ hour: 4 }, 'Weekly')).toEqual({ store: 'nightly', dailyHour: 4, verify: 'Weekly' });
    expect(backups({ mode: 'Disabled', hour: 4 })).toEqual({ store: 'nightly', verify: 'Never' });
  });

  it('takes an affinity that asks for nothing for none', () => {
    const affinityOf = (affinity: object) => addonOf.placementOf(addon({ placement: { affinity } })).affinity;
    const lists = {
      preferredDuringSchedulingIgnoredDuringExecution: [],
      requiredDuringSchedulingIgnoredDuringExecution: [],
    };
    for (const nothing of [{}, { nodeAffinity: {} }, { podAffinity: lists, podAntiAffinity: {} }])
      expect(affinityOf(nothing)).toBeUndefined();
    // Empty further in, it selects everything.
    const all = [{ labelSelector: {}, topologyKey: 'kubernetes.io/hostname' }];
    const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: all };
    expect(affinityOf({ nodeAffinity: {}, podAntiAffinity })).toEqual({ podAntiAffinity });
  });

  it('takes an empty priority class for none', () => {
    expect(addonOf.placementOf(addon({ placement: { priorityClassName: '' } }))).not.toHaveProperty(
      'priorityClassName',
    );
    expect(addonOf.placementOf(addon({ placement: { priorityClassName: 'high' } }))).toHaveProperty(
      'priorityClassName',
      'high',
    );
  });

  it('is paused by the word true only', () => {
    const paused = (value: string) => addonOf.isPaused(addon({}, 'u', { 'influxaddon.dev/paused': value }));
    expect([paused('true'), paused('false'), paused('True')]).toEqual([true, false, false]);
  });
});
