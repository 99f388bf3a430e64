import fc from 'fast-check';
import type { InfluxAddonSpec } from '../../../api/influx-addon.ts';
import { childNames } from '../../world/names.ts';
import type { Obstacle } from '../model/obstacles.ts';
import { ADDON, type SimulationEvent } from '../model/simulation.ts';
import type { Damageable } from '../model/user.ts';
import { app, damage, edit, node, operate, rotate, wait } from './stories.ts';

const names = childNames(ADDON);

/** Of what the operator writes. */
const CHILDREN = [
  `StatefulSet/${names.statefulSet}`,
  `Service/${names.service}`,
  `NetworkPolicy/${names.networkPolicy}`,
  `Secret/${names.urlSecret}`,
  `Secret/${names.bindingSecret}`,
  `Secret/${names.adminSecret}`,
  'Deployment/web',
];

const DATABASE = [
  `StatefulSet/${names.statefulSet}`,
  `PersistentVolumeClaim/${names.claim}`,
  `Pod/${names.pod}`,
  `Secret/${names.adminSecret}`,
];

/** What stands in the way of writes of one of these objects. */
function against(targets: readonly string[]): fc.Arbitrary<Obstacle> {
  const children = targets.filter((each) => CHILDREN.includes(each));
  // A rotation that is taken back each time costs more writes at each try, of which there are few.
  const others = children.filter((each) => !each.endsWith(names.adminSecret));
  const of = <What extends string, Rest>(
    weight: number,
    whats: readonly What[],
    among: readonly string[],
    rest: { [Key in keyof Rest]: fc.Arbitrary<Rest[Key]> },
  ) => ({
    weight,
    arbitrary: fc.record({ what: fc.constantFrom(...whats), target: fc.constantFrom(...among), ...rest }),
  });
  return fc.oneof(
    of(3, ['Refused', 'Broken'] as const, targets, {}),
    of(1, ['Undone'] as const, children, { times: fc.constantFrom(1, 3) }),
    of(1, ['Undone'] as const, others, { times: fc.constant(Infinity) }),
    of(1, ['Changed'] as const, children, {}),
    of(1, ['Added'] as const, targets, {}),
  ) as fc.Arbitrary<Obstacle>;
}

const everywhere: fc.Arbitrary<Obstacle> = fc.oneof(
  fc.record({ what: fc.constant('PodsRefused' as const), above: fc.constantFrom('512Mi', '1Gi') }),
  fc.record({ what: fc.constant('Failing' as const) }),
);

/** Up to six minutes. */
const meanwhile: fc.Arbitrary<SimulationEvent> = fc.record({
  event: fc.constant('Meanwhile' as const),
  rounds: fc.integer({ min: 1, max: 36 }),
});

const edits = (...specs: Partial<InfluxAddonSpec>[]): fc.Arbitrary<SimulationEvent> =>
  fc.constantFrom(...specs).map((spec) => ({ event: 'Edit', spec }));

const ofDatabase = edits(
  { plan: '2g' },
  { plan: '512m' },
  { plan: '1g' },
  { version: '1.8.5' },
  { state: 'Stopped' },
);
const ofNames = edits({ connection: { prefix: 'METRICS', alias: '' } }, { connection: { prefix: 'OTHER' } });
const ofPeers = edits({ access: { policy: 'Bound' } }, { access: { policy: 'Open' } });
const ofApps = edits({ apps: [{ name: 'web', env: 'Inject' }] }, { apps: [{ name: 'web' }] }, { apps: [] });
const harm = (child: Damageable): fc.Arbitrary<SimulationEvent> =>
  fc.constantFrom<SimulationEvent>(
    { event: 'EditChild', child, draw: 1 },
    { event: 'RemoveChildren', children: [child] },
  );

const SIEGES: readonly [fc.Arbitrary<Obstacle>, fc.Arbitrary<SimulationEvent>][] = [
  [against(DATABASE), ofDatabase],
  [against(DATABASE), fc.oneof(harm('statefulSet'), rotate)],
  [everywhere, ofDatabase],
  [everywhere, fc.oneof(ofNames, ofApps, app)],
  [against([`Secret/${names.urlSecret}`, `Secret/${names.bindingSecret}`]), fc.oneof(ofNames, rotate)],
  [against([`Secret/${names.urlSecret}`, `Secret/${names.bindingSecret}`]), harm('urlSecret')],
  [against([`Service/${names.service}`]), harm('service')],
  [against([`NetworkPolicy/${names.networkPolicy}`]), fc.oneof(harm('networkPolicy'), ofPeers)],
  [against(['Deployment/web']), fc.oneof(app, ofApps, ofDatabase, ofNames, rotate)],
];

/** Something stands in the way of what is asked for just then, and is given time to do harm. */
const siege = fc.oneof(
  ...SIEGES.map(([obstacle, provocation]) =>
    fc
      .tuple(obstacle, provocation, meanwhile)
      .map(([each, event, time]): SimulationEvent[] => [{ event: 'Obstacle', obstacle: each }, event, time]),
  ),
);

const loss = fc.constantFrom<SimulationEvent>(
  { event: 'DeleteClaim' },
  { event: 'DeleteClaim' },
  { event: 'LoseVolume' },
  { event: 'Evict' },
);
/** The volume is deleted or lost, and perhaps taken back. */
const volume = fc
  .tuple(loss, fc.oneof(ofDatabase, rotate, operate, loss), meanwhile, fc.boolean())
  .map(([lost, event, time, back]): SimulationEvent[] => [
    lost,
    event,
    time,
    ...(back ? [{ event: 'Evict' } as const, time, { event: 'BindVolumeAgain' } as const] : []),
  ]);

const end = fc.constant<SimulationEvent>({ event: 'NoObstacle' });
const one = fc.oneof(edit, operate, app, node, damage, rotate, wait, meanwhile, end).map((each) => [each]);

/** A life full of surprises: a few of them at a time, between all that happens otherwise. */
export const surprises = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: siege },
      { weight: 1, arbitrary: volume },
      { weight: 3, arbitrary: one },
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) => parts.flat());
