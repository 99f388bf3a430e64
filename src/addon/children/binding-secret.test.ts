import { expect, it } from 'vitest';
import type { Secret } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { decide } from '../decide.ts';
import { targetOf } from '../decision/findings.ts';
import { withApiDefaults } from '../testing/api-defaults.ts';
import { contextOf, countingFresh, live, NO_CHILDREN, NOW, SETTINGS, worldOf } from '../testing/fixtures.ts';
import { NO_MEMORY, type Finding } from '../world/memory.ts';
import { encode } from '../world/secret-data.ts';
import type { World } from '../world/world.ts';
import { CHILDREN } from './index.ts';
import { withIntentHash } from './intent/merge.ts';

const [URL_SECRET, BINDING_SECRET] = ['Secret/my-app-influx', 'Secret/my-app-influx-binding'];
const stored = CHILDREN.flatMap(({ slot, build }) => {
  const intent = build(contextOf());
  return intent === undefined ? [] : [[slot, live(withApiDefaults(withIntentHash(intent)))] as const];
});
const children: World['children'] = { ...NO_CHILDREN, ...Object.fromEntries(stored) };
/** In which the database has another address than its Secrets say. */
const settings = { ...SETTINGS, clusterDomain: 'cluster.example' };

/** The Secrets that are written, when a write of these was refused a moment ago. */
function written(refused: readonly string[], world: Partial<World> = {}) {
  const findings = refused.map(
    (target): Finding => ({
      target,
      reason: 'Forbidden',
      message: 'by a policy',
      generation: 1,
      untilMs: NOW.getTime() + 30_000,
    }),
  );
  const memory = { ...NO_MEMORY, findings };
  const { actions } = decide(worldOf({ children, settings, memory, ...world }), {
    now: NOW,
    fresh: countingFresh(),
  });
  return actions.map(targetOf).filter((target) => target === URL_SECRET || target === BINDING_SECRET);
}

it('follows the URL Secret', () => {
  expect(written([])).toEqual([URL_SECRET, BINDING_SECRET]);
  expect(written([BINDING_SECRET])).toEqual([URL_SECRET]);
});

it.each<[string, Partial<World>]>([
  ['changed', {}],
  ['made', { children: { ...children, bindingSecret: undefined } }],
  ['made for a new addon', { children: { ...children, urlSecret: undefined, bindingSecret: undefined } }],
])('is not %s while the URL Secret is refused: both say the same', (_, world) => {
  expect(written([], world)).toContain(BINDING_SECRET);
  expect(written([URL_SECRET], world)).toEqual([]);
});

const { urlSecret, bindingSecret } = children;
const labelled = <T extends object>(secret: T | undefined, more: object = {}) =>
  ({ ...secret, ...more, metadata: { ...live(secret as Secret).metadata, labels: {} } }) as Live<Secret>;
const inForce: Partial<World> = { settings: SETTINGS };
const of = (more: Partial<World['children']>): Partial<World> => ({ children: { ...children, ...more } });
const [firstKey = ''] = Object.keys(urlSecret?.data ?? {});
const otherUrl = { ...urlSecret?.data, ...encode({ [firstKey]: 'http://elsewhere' }) };
const otherAuthority = { ...bindingSecret?.data, ...encode({ 'ca.crt': 'another' }) };

it.each<[string, Partial<World>]>([
  ['made, which somebody deleted', of({ urlSecret: labelled(urlSecret), bindingSecret: undefined })],
  [
    'mended, which somebody edited',
    of({ urlSecret: labelled(urlSecret), bindingSecret: labelled(bindingSecret, { data: {} }) }),
  ],
  [
    'given the authority in force, though another object has the name of the URL Secret',
    of({ urlSecret: undefined, bindingSecret: labelled(bindingSecret, { data: otherAuthority }) }),
  ],
])('is %s while the URL Secret is refused, when apps are told the URL in force', (_, world) => {
  expect(written([URL_SECRET], { ...world, ...inForce })).toEqual([BINDING_SECRET]);
});

it.each<[string, Partial<World>]>([
  ['is missing', of({ urlSecret: undefined, bindingSecret: undefined })],
  ['says another', of({ urlSecret: labelled(urlSecret, { data: otherUrl }), bindingSecret: undefined })],
])('is not made while the URL Secret is refused and %s', (_, world) => {
  expect(written([], { ...world, ...inForce })).toEqual([URL_SECRET, BINDING_SECRET]);
  expect(written([URL_SECRET], { ...world, ...inForce })).toEqual([]);
});
