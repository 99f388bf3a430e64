import { expect, it } from 'vitest';
import { decide } from '../decide.ts';
import { targetOf } from '../decision/findings.ts';
import { withApiDefaults } from '../testing/api-defaults.ts';
import { contextOf, countingFresh, live, NO_CHILDREN, NOW, SETTINGS, worldOf } from '../testing/fixtures.ts';
import { NO_MEMORY, type Finding } from '../world/memory.ts';
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
