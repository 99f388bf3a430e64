import fc from 'fast-check';
import type { InfluxAddonSpec } from '../../../api/influx-addon.ts';
import { BROKEN_VERSION } from '../model/model-node.ts';
import type { SimulationEvent } from '../model/simulation.ts';
import { DAMAGEABLE } from '../model/user.ts';

const KEYS = [
  'InfluxAddon/my-app',
  'Pod/my-app-influx-0',
  'PersistentVolumeClaim/my-app-influx-data',
  'Secret/my-app-influx',
  'Secret/my-app-influx-admin',
  'Secret/my-app-influx-admin-copy',
  'Secret/my-app-influx-binding',
  'StatefulSet/my-app-influx',
  'Deployment/web',
];

export const operate: fc.Arbitrary<SimulationEvent> = fc.record({
  event: fc.constant('Operate' as const),
  options: fc.record({
    actions: fc.oneof(fc.nat(12), fc.constant(Infinity)),
    end: fc.constantFrom('Crash' as const, 'AnswerLost' as const),
    stale: fc.subarray(KEYS).map((keys) => new Set(keys)),
  }),
});

const QUERY = 'SELECT mean(v) INTO b FROM a GROUP BY time(1h)';
const CONTENTS: Partial<InfluxAddonSpec>[] = [
  { retentionPolicies: [{ name: 'week', duration: '7d' }], defaultRetentionPolicy: 'week' },
  {
    retentionPolicies: [
      { name: 'autogen', duration: '30d' },
      { name: 'day', duration: '1d', shardDuration: '2h' },
    ],
    defaultRetentionPolicy: 'autogen',
  },
  { retentionPolicies: [], defaultRetentionPolicy: 'autogen' },
  { continuousQueries: [{ name: 'hourly', query: QUERY }], users: [] },
  { continuousQueries: [{ name: 'hourly', query: `${QUERY}, *` }] },
  { continuousQueries: [], users: [{ name: 'reader', access: 'Read' }] },
  {
    users: [
      { name: 'reader', access: 'All' },
      { name: 'writer', access: 'Write' },
    ],
  },
];

export const edit: fc.Arbitrary<SimulationEvent> = fc
  .constantFrom<Partial<InfluxAddonSpec>>(
    { plan: '512m' },
    { plan: '2g' },
    { plan: 'none' },
    { state: 'Stopped' },
    { state: 'Running' },
    { version: '1.8.10' },
    { version: BROKEN_VERSION },
    { version: '1.7' },
    { apps: [{ name: 'web', env: 'Inject' }] },
    { apps: [{ name: 'web' }] },
    { apps: [] },
    { connection: { prefix: 'METRICS', alias: '' } },
    { deletionPolicy: 'Delete' },
    { deletionPolicy: 'Retain' },
    { access: { policy: 'Bound' } },
    { access: { policy: 'Open' } },
    { storage: { autoGrow: 'Enabled' } },
    ...CONTENTS,
  )
  .map((spec) => ({ event: 'Edit', spec }));

export const app = fc.record({
  event: fc.constant('App' as const),
  what: fc.constantFrom(
    'Reapply' as const,
    'Change' as const,
    'Change' as const,
    'Delete' as const,
    'Create' as const,
  ),
});

export const damage: fc.Arbitrary<SimulationEvent> = fc.oneof(
  fc.record({ event: fc.constant('RemoveChildren' as const), children: fc.subarray([...DAMAGEABLE]) }),
  fc.record({
    event: fc.constant('EditChild' as const),
    child: fc.constantFrom(...DAMAGEABLE),
    draw: fc.nat(9),
  }),
  fc.record({
    event: fc.constant('Freeze' as const),
    secret: fc.constantFrom('adminSecret', 'urlSecret', 'bindingSecret', 'adminCopy'),
  }),
  fc.record({
    event: fc.constant('DamageDatabase' as const),
    how: fc.constantFrom(
      'DropAdministrator' as const,
      'DropDatabase' as const,
      'DropUser' as const,
      'ChangePassword' as const,
      'RevokeGrant' as const,
      'MakeAdministrator' as const,
      'DropDefaultPolicy' as const,
      'FillVolume' as const,
      'OverfillVolume' as const,
      'AddSeries' as const,
      'DropContents' as const,
      'ChangeContents' as const,
      'MakeByHand' as const,
    ),
  }),
  fc.record({ event: fc.constantFrom('OutOfMemory' as const, 'DeleteClaim' as const, 'Evict' as const) }),
  app,
);

export const rotate: fc.Arbitrary<SimulationEvent> = fc
  .constantFrom('a', 'b', 'c')
  .map((token) => ({ event: 'Rotate', token }));

export const node = fc.record({ event: fc.constant('Node' as const), steps: fc.integer({ min: 1, max: 6 }) });
export const wait = fc.record({
  event: fc.constant('Wait' as const),
  seconds: fc.integer({ min: 1, max: 90 }),
});

export const story = fc.array(
  fc.oneof({ weight: 4, arbitrary: operate }, { weight: 3, arbitrary: node }, wait, edit, damage, rotate),
  { minLength: 4, maxLength: 16 },
);

/** What a user asks for in the end; a plan and a version that can be had. */
export const lastWish = fc.record({
  plan: fc.constantFrom('512m', '1g'),
  version: fc.constant('1.8.10'),
  state: fc.constantFrom('Running' as const, 'Running' as const, 'Stopped' as const),
  apps: fc.constantFrom<NonNullable<InfluxAddonSpec['apps']>>([{ name: 'web', env: 'Inject' }], []),
  contents: fc.subarray(CONTENTS).map((parts): Partial<InfluxAddonSpec> => Object.assign({}, ...parts)),
});
