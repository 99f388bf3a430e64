import type { RunResult } from '../lab/run.ts';
import { CrashAt, MODES, type Mode, modesOf } from './crash.ts';
import type { Perturbation } from './perturbation.ts';
import { StaleAt } from './stale.ts';
import { EventAt, LateKind } from './watch-events.ts';

/** A way to make a perturbation anew: each run needs its own. */
export type Make = () => Perturbation;

/** Every (write, mode): what becomes of each write of an undisturbed run. */
export function crashes({ writes }: Pick<RunResult, 'writes'>): Make[] {
  return writes.flatMap(({ key, world }) => modesOf(world).map((mode) => () => new CrashAt(key, mode)));
}

/** A second time at each of the first writes of the recovery. */
export function crashesTwice({ writes }: Pick<RunResult, 'writes'>): Make[] {
  const modes: Mode[] = ['lost, killed', 'applied, killed'];
  return writes.flatMap(({ key }, n) =>
    modes.flatMap((mode) =>
      Array.from({ length: writes.length - n }, (_, later) => () => new CrashAt(key, mode, later + 1)),
    ),
  );
}

/** Every event as the last thing that a new operator sees; every event unobserved, and told by a list only; every kind late. */
export function views({ events }: Pick<RunResult, 'events'>): Make[] {
  const keys = events.map(({ key }) => key);
  const kinds = new Set(keys.map((key) => key.slice(0, key.indexOf('/'))));
  return [
    ...keys.map((key) => () => new StaleAt(key)),
    ...keys.filter((key) => keys.includes(next(key))).map((key) => () => new EventAt('unobserved', key)),
    ...keys.map((key) => () => new EventAt('relist', key)),
    ...[...kinds].map((kind) => () => new LateKind(kind)),
  ];
}

/** Every (event, write): dead after each write, and born with the view of each event. */
export function stalePairs({ events, writes }: Pick<RunResult, 'events' | 'writes'>): Make[] {
  return writes.flatMap(({ key: write }) =>
    events.map(
      ({ key }) =>
        () =>
          new StaleAt(key, write),
    ),
  );
}

/** The perturbation of a seed, which is what its `seed` says. */
export function fromSeed(seed: string): Perturbation {
  const [how = '', ...rest] = seed.split('/');
  const text = rest.join('/');
  if (how === 'crash') {
    const [, key = '', mode = '', again] = /^(.*#\d+)\/([^/]+)(?:\/\+(\d+))?$/.exec(text) ?? [];
    if (mode in MODES) return new CrashAt(key, mode as Mode, again === undefined ? undefined : Number(again));
  }
  if (how === 'stale') {
    const [, event = '', write] = /^([^~]*~\d+)(?:\/(.*))?$/.exec(text) ?? [];
    if (event !== '') return new StaleAt(event, write);
  }
  if (how === 'unobserved' || how === 'relist') return new EventAt(how, text);
  if (how === 'late') return new LateKind(text);
  throw new Error(`no perturbation has the seed ${seed}`);
}

function next(key: string): string {
  const [name = '', nth = '0'] = key.split('~');
  return `${name}~${Number(nth) + 1}`;
}
