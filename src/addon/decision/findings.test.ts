import { expect, it } from 'vitest';
import { addonOf } from '../testing/fixtures.ts';
import { ownFindings } from './findings.ts';

it.each<[string, 'Required' | undefined, boolean]>([
  ['Deployment/web', undefined, false],
  ['DaemonSet/agent', undefined, false],
  ['StatefulSet/web', undefined, false],
  ['StatefulSet/my-app-influx', undefined, true],
  ['Secret/my-app-influx', undefined, true],
  ['Service/my-app-influx', undefined, true],
  ['Secret/my-app-influx-tls', undefined, false],
  ['Secret/my-app-influx-tls', 'Required', true],
])('a refused write of %s with tls %s is the trouble of the addon: %s', (target, tls, own) => {
  const finding = { target, reason: 'Forbidden', message: 'no', generation: 1, untilMs: 1 } as const;
  expect(ownFindings([finding], { addon: addonOf() }, tls)).toEqual(own ? [finding] : []);
});
