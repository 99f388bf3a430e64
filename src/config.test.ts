import { describe, expect, it } from 'vitest';
import { ConfigError, helpText, parseConfig } from './config.ts';

const DEFAULTS = parseConfig([], {});
const NAMES = Object.keys(DEFAULTS);
const variableOf = (name: string) => `INFLUXADDON_${name.toUpperCase().replaceAll('-', '_')}`;

describe('parseConfig', () => {
  it('has a default for everything that is needed', () => {
    expect(DEFAULTS).toMatchObject({
      'cluster-domain': 'cluster.local',
      installation: 'influxaddon-operator',
      'lock-namespace': 'kube-system',
      'leader-elect': true,
      'lease-seconds': 15,
      workers: 16,
      'health-port': 8081,
      'metrics-port': 8080,
      'maintenance-at-once': 3,
      'maintenance-max-failures': 2,
      'maintenance-freeze': false,
      'log-level': 'info',
      'log-format': 'auto',
    });
    expect(DEFAULTS.kubeconfig).toBeUndefined();
    // A constant would be the same for two processes, and each would take the other's Lease for its own.
    expect(DEFAULTS['pod-name']).toBeUndefined();
  });

  it.each([
    ['cluster-domain', 'k8s.example', 'k8s.example'],
    ['kubeconfig', '/tmp/kubeconfig', '/tmp/kubeconfig'],
    ['pod-name', 'operator-0', 'operator-0'],
    ['pod-namespace', 'system', 'system'],
    ['installation', 'second', 'second'],
    ['lock-namespace', 'locks', 'locks'],
    ['leader-elect', 'false', false],
    ['lease-seconds', '2.5', 2.5],
    ['workers', '4', 4],
    ['health-port', '0', 0],
    ['metrics-port', '9090', 9090],
    ['maintenance-at-once', '10', 10],
    ['maintenance-max-failures', '1', 1],
    ['maintenance-freeze', 'true', true],
    ['job-image', 'registry.example/operator:1', 'registry.example/operator:1'],
    ['backups-at-once', '3', 3],
    ['log-level', 'debug', 'debug'],
    ['log-format', 'json', 'json'],
  ] as const)('takes --%s from the flag or the environment, the flag first', (name, text, value) => {
    expect(parseConfig([`--${name}=${text}`], {})[name]).toBe(value);
    if (name !== 'leader-elect' && name !== 'maintenance-freeze')
      expect(parseConfig([`--${name}`, text], {})[name]).toBe(value);
    expect(parseConfig([], { [variableOf(name)]: text })[name]).toBe(value);
    expect(parseConfig([`--${name}=${text}`], { [variableOf(name)]: 'ignored' })[name]).toBe(value);
  });

  it.each([
    ['cluster-domain', 'Not A Domain'],
    ['installation', 'a/b'],
    ['lock-namespace', 'Kube System'],
    ['leader-elect', 'perhaps'],
    ['lease-seconds', '0'],
    ['workers', 'many'],
    ['workers', '1.5'],
    ['health-port', '70000'],
    ['metrics-port', '-1'],
    ['maintenance-at-once', '0'],
    ['maintenance-freeze', 'perhaps'],
    ['backups-at-once', '0'],
    ['log-level', 'loud'],
    ['log-format', 'xml'],
  ])('names the flag and the variable when --%s is %s', (name, text) => {
    for (const parse of [
      () => parseConfig([`--${name}=${text}`], {}),
      () => parseConfig([], { [variableOf(name)]: text }),
    ]) {
      expect(parse).toThrow(ConfigError);
      expect(parse).toThrow(new RegExp(`--${name} \\(${variableOf(name)}\\)`));
    }
  });

  it('takes a switch alone for true, and an empty variable for none', () => {
    expect(parseConfig(['--leader-elect'], { INFLUXADDON_LEADER_ELECT: 'false' })['leader-elect']).toBe(true);
    expect(parseConfig(['--maintenance-freeze'], {})['maintenance-freeze']).toBe(true);
    expect(parseConfig([], { INFLUXADDON_WORKERS: '' }).workers).toBe(16);
  });

  it('refuses what it does not know', () => {
    expect(() => parseConfig(['--wrokers=4'], {})).toThrow(/--wrokers/);
    expect(() => parseConfig(['4'], {})).toThrow(ConfigError);
  });
});

describe('helpText', () => {
  it('names every flag, its variable and its default', () => {
    for (const name of NAMES) {
      expect(helpText()).toContain(`--${name}`);
      expect(helpText()).toContain(variableOf(name));
    }
    expect(helpText()).toContain('(default 8081)');
  });
});
