import { expect, test } from 'vitest';
import { ConfigError, parseConfig } from '../config.ts';
import { identityOf } from './identity.ts';

test('a process is called as it is told, which the manifests do by the name of its pod', () => {
  expect(identityOf(parseConfig(['--pod-name=operator-0'], {}))).toBe('operator-0');
  expect(identityOf(parseConfig([], { INFLUXADDON_POD_NAME: 'operator-1' }))).toBe('operator-1');
});

test('in a cluster it leads under no other name, and says how to set it', () => {
  const inCluster = parseConfig([], {});
  expect(() => identityOf(inCluster)).toThrow(ConfigError);
  expect(() => identityOf(inCluster)).toThrow(/--pod-name \(INFLUXADDON_POD_NAME\).*metadata\.name/);
  expect(identityOf(parseConfig(['--leader-elect=false'], {}))).toMatch(/_/);
});

test('outside of one each process draws its own', () => {
  const outside = parseConfig(['--kubeconfig=/tmp/kubeconfig'], {});
  const drawn = new Set([1, 2, 3].map(() => identityOf(outside)));
  expect(drawn.size).toBe(3);
  for (const each of drawn) expect(each).toMatch(/^[^/]+_[0-9a-f-]{36}$/);
});
