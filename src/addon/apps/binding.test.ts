import { describe, expect, it } from 'vitest';
import type { AppStatus } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';
import { restartedForKey } from '../world/names.ts';
import { appOf, cached, patched, reapplied, rolledOut, variablesIn, type AppKind } from '../testing/apps.ts';
import { NOW } from '../testing/fixtures.ts';
import { decideApp, type AppDecision } from './binding.ts';
import { unbindPatch } from './patch.ts';
import { type AppWish } from './wish.ts';
import type { Workload } from '../world/world.ts';

const BOTH = ['SCALINGO_INFLUX_URL', 'INFLUX_URL'];

function wishOf(more: Partial<AppWish> = {}): AppWish {
  return {
    addonName: 'my-app',
    kind: 'Deployment',
    name: 'web',
    env: 'Inject',
    containers: undefined,
    secretName: 'my-app-influx',
    variables: BOTH,
    ...more,
  };
}

/** Decides, patches, and decides on what came of it, as long as there is something to patch. */
class Binding {
  app: Live<Workload>;
  wish: AppWish;
  entry: AppStatus | undefined;
  revision = 'r1';
  told: string | undefined;
  patches = 0;
  last: AppDecision | undefined;
  nowMs = NOW.getTime();

  constructor(app: Live<Workload>, wish: AppWish = wishOf()) {
    this.app = app;
    this.wish = wish;
  }

  settle(): AppDecision {
    for (let pass = 0; pass < 10; pass += 1) {
      const now = new Date(this.nowMs);
      const decision = decideApp(this.wish, cached(this.app), this.entry, this.revision, now, this.told);
      this.entry = decision.entry;
      this.last = decision;
      if (decision.patch === undefined) return decision;
      this.patches += 1;
      this.app = rolledOut(patched(this.app, decision.patch));
    }
    throw new Error('the app is patched for ever');
  }

  mark(): string | undefined {
    return this.app.spec?.template.metadata?.annotations?.[restartedForKey(this.wish.addonName)];
  }
}

function bound(app: Live<Workload> = appOf(), wish: AppWish = wishOf()): Binding {
  const binding = new Binding(app, wish);
  binding.settle();
  return binding;
}

describe('injection', () => {
  it.each<AppKind>(['Deployment', 'StatefulSet', 'DaemonSet'])(
    'adds both variables to all containers of a %s, init containers too, with one restart',
    (kind) => {
      const app = appOf([{ name: 'web' }, { name: 'worker' }], {
        kind,
        initContainers: [{ name: 'migrate' }],
      });
      const binding = bound(app, wishOf({ kind }));
      for (const name of ['web', 'worker', 'migrate']) expect(variablesIn(binding.app, name)).toEqual(BOTH);
      expect(binding.patches).toBe(1);
      expect(binding.mark()).toBe('r1');
      expect(binding.last).toMatchObject({ reason: 'Current', current: true });
      expect(binding.entry).toMatchObject({ revision: 'r1', restartedAt: NOW.toISOString() });
    },
  );

  it('refers to the Secret, touches nothing else, and pins the object it saw', () => {
    const app = appOf([{ name: 'web', image: 'web:1', env: [{ name: 'MODE', value: 'x' }] }]);
    const { patch } = decideApp(wishOf({ variables: ['INFLUX_URL'] }), cached(app), undefined, 'r1', NOW);
    const valueFrom = { secretKeyRef: { name: 'my-app-influx', key: 'INFLUX_URL' } };
    expect(patch).toEqual({
      metadata: { uid: app.metadata.uid, resourceVersion: app.metadata.resourceVersion },
      spec: {
        template: {
          metadata: { annotations: { [restartedForKey('my-app')]: 'r1' } },
          spec: { containers: [{ name: 'web', env: [{ name: 'INFLUX_URL', valueFrom }] }] },
        },
      },
    });
    expect(variablesIn(patched(app, patch), 'web').toSorted()).toEqual(['INFLUX_URL', 'MODE']);
  });

  it('goes into the containers that are named and no others', () => {
    const binding = bound(appOf([{ name: 'web' }, { name: 'worker' }]), wishOf({ containers: ['worker'] }));
    expect(variablesIn(binding.app, 'web')).toEqual([]);
    expect(variablesIn(binding.app, 'worker')).toEqual(BOTH);
  });

  it('is not forced on a container that does not exist, and says which there are', () => {
    const binding = bound(appOf([{ name: 'web' }]), wishOf({ containers: ['wrker'] }));
    expect(binding.last).toMatchObject({ reason: 'ContainerMissing', current: false });
    expect(binding.last?.message).toContain('has no container wrker; it has web');
    expect(binding.patches).toBe(0);
  });

  it('is not forced over a variable that the app sets itself', () => {
    const binding = bound(appOf([{ name: 'web', env: [{ name: 'INFLUX_URL', value: 'http://mine' }] }]));
    expect(binding.last).toMatchObject({ reason: 'VariableConflict', current: false });
    expect(binding.last?.message).not.toContain('http://mine');
    expect(binding.patches).toBe(0);
  });

  it('leaves the alias to the addon that came first, and takes its own prefix', () => {
    const first = bound(appOf());
    const wish = wishOf({
      addonName: 'other',
      secretName: 'other-influx',
      variables: ['OTHER_URL', 'INFLUX_URL'],
      rivals: ['my-app'],
    });
    const second = bound(first.app, wish);
    expect(second.last).toMatchObject({ reason: 'AliasTaken', current: true });
    expect(variablesIn(second.app, 'web').toSorted()).toEqual([...BOTH, 'OTHER_URL'].toSorted());
    first.app = second.app;
    expect(first.settle()).toMatchObject({ reason: 'Current' });
    expect(first.patches).toBe(1);
  });

  it('of an equal prefix is refused with the name of the other addon', () => {
    const first = bound(appOf());
    const rivals = ['third', 'my-app'];
    const second = bound(first.app, wishOf({ addonName: 'other', secretName: 'other-influx', rivals }));
    expect(second.last).toMatchObject({ reason: 'PrefixTaken', current: false });
    expect(second.last?.message).toContain('from addon my-app already');
    expect(second.patches).toBe(0);
  });

  it.each<[string, string, readonly string[]]>([
    ['prefix', 'SCALINGO_INFLUX_URL', []],
    ['alias', 'INFLUX_URL', []],
    ['prefix, where an addon of that name has nothing to do with the app', 'SCALINGO_INFLUX_URL', ['other']],
  ])('takes a Secret called *-influx for no other addon by its name (%s)', (_, name, rivals) => {
    const valueFrom = { secretKeyRef: { name: 'legacy-influx', key: 'url' } };
    const binding = bound(appOf([{ name: 'web', env: [{ name, valueFrom }] }]), wishOf({ rivals }));
    expect(binding.last).toMatchObject({ reason: 'VariableConflict', current: false });
    expect(binding.last?.message).toContain(`sets ${name} in container web itself`);
    expect(binding.patches).toBe(0);
  });

  it('leaves what the owner wrote beyond the wish, and looks no more who wrote it once that is settled', () => {
    const binding = bound(appOf([{ name: 'web' }, { name: 'worker' }]));
    const kept = BOTH.map((name) => `worker/${name}`);
    binding.wish = wishOf({ containers: ['web'], kept });
    expect(binding.settle()).toMatchObject({ reason: 'Current', entry: { revision: 'r1' } });
    expect(variablesIn(binding.app, 'worker')).toEqual(BOTH);
    binding.wish = wishOf({ containers: ['web'] });
    expect(binding.settle()).toMatchObject({ reason: 'Current' });
    expect(binding.patches).toBe(1);
    binding.wish = wishOf({ containers: ['worker'] });
    binding.settle();
    expect([variablesIn(binding.app, 'web'), variablesIn(binding.app, 'worker')]).toEqual([[], BOTH]);
  });

  it('waits for an app that does not exist', () => {
    const missing = decideApp(wishOf(), undefined, undefined, 'r1', NOW);
    expect(missing).toMatchObject({ reason: 'AppMissing', current: false, patch: undefined });
    expect(missing.message).toContain('Deployment web does not exist');
  });

  it('reports a paused Deployment, whose rollout waits for whoever paused it', () => {
    expect(bound(appOf(undefined, { paused: true })).last).toMatchObject({
      reason: 'AppPaused',
      current: false,
    });
  });
});

describe('injected variables that are lost', () => {
  const MINUTE_MS = 60_000;
  const original = appOf();
  /** Somebody takes them out, so many times, each after a while. */
  const taken = (binding: Binding, times: number, everyMs: number) => {
    for (let time = 0; time < times; time += 1) {
      binding.nowMs += everyMs;
      binding.app = reapplied(binding.app, original);
      binding.settle();
    }
  };
  const contested = () => {
    const binding = bound(original);
    taken(binding, 5, MINUTE_MS);
    return binding;
  };

  it('are added again after each deployment of the same manifest, however many there are', () => {
    const binding = bound(original);
    taken(binding, 20, 3 * MINUTE_MS);
    expect(binding.last).toMatchObject({ reason: 'Current' });
    expect(binding.patches).toBe(21);
    expect(variablesIn(binding.app, 'web')).toEqual(BOTH);
    expect(binding.entry?.lost?.at.length).toBeLessThan(5);
  });

  it('four times in ten minutes, and at the fifth the binding is contested', () => {
    const binding = bound(original);
    taken(binding, 4, 2 * MINUTE_MS);
    expect(binding.last).toMatchObject({ reason: 'Current' });
    expect(binding.patches).toBe(5);
    binding.nowMs += MINUTE_MS;
    binding.app = reapplied(binding.app, original);
    expect(binding.settle()).toMatchObject({
      reason: 'BindingContested',
      current: false,
      againMs: 60 * MINUTE_MS,
    });
    expect(binding.patches).toBe(5);
    expect(variablesIn(binding.app, 'web')).toEqual([]);
  });

  it('once an hour while contested, as long as they are taken out at once', () => {
    const binding = contested();
    for (let hour = 0; hour < 3; hour += 1) {
      const { patches } = binding;
      binding.nowMs += 60 * MINUTE_MS - 1;
      expect(binding.settle()).toMatchObject({ reason: 'BindingContested', againMs: 1 });
      binding.nowMs += 1;
      expect(binding.settle()).toMatchObject({ reason: 'Current' });
      expect(binding.patches).toBe(patches + 1);
      binding.app = reapplied(binding.app, original);
      expect(binding.settle()).toMatchObject({ reason: 'BindingContested' });
    }
  });

  it('as often as before, once they have stayed for ten minutes', () => {
    const binding = contested();
    binding.nowMs += 60 * MINUTE_MS;
    binding.settle();
    taken(binding, 4, 10 * MINUTE_MS);
    expect(binding.last).toMatchObject({ reason: 'Current' });
  });

  it.each<[string, (binding: Binding) => void]>([
    [
      'the template is changed otherwise',
      (binding) => (binding.app = reapplied(binding.app, appOf([{ name: 'web', image: 'web:2' }]))),
    ],
    ['the spec of the addon is edited', (binding) => (binding.wish = { ...binding.wish, generation: 2 })],
  ])('at once while contested, when %s', (_, change) => {
    const binding = contested();
    const { patches } = binding;
    change(binding);
    expect(binding.settle()).toMatchObject({ reason: 'Current' });
    expect(binding.patches).toBe(patches + 1);
    expect(variablesIn(binding.app, 'web')).toEqual(BOTH);
  });

  it('at once when an edit of the spec is seen together with the fifth loss', () => {
    const binding = bound(original);
    taken(binding, 4, MINUTE_MS);
    binding.wish = { ...binding.wish, generation: 2 };
    taken(binding, 1, MINUTE_MS);
    expect(binding.last).toMatchObject({ reason: 'Current' });
    expect(variablesIn(binding.app, 'web')).toEqual(BOTH);
    taken(binding, 1, MINUTE_MS);
    expect(binding.last).toMatchObject({ reason: 'BindingContested' });
  });

  it('once for an edit of the spec, where they are taken out again', () => {
    const binding = contested();
    binding.wish = { ...binding.wish, generation: 2 };
    binding.settle();
    binding.app = reapplied(binding.app, original);
    expect(binding.settle()).toMatchObject({ reason: 'BindingContested' });
  });

  it('by a new operator, too, as status remembers it; what an older one remembered counts for nothing', () => {
    const binding = bound(original);
    binding.entry = { ...binding.entry, kind: 'Deployment', name: 'web', reinjected: true };
    expect(binding.settle().entry, 'no write').toEqual(binding.entry);
    taken(binding, 1, MINUTE_MS);
    expect(binding.last).toMatchObject({ reason: 'Current' });
    expect(binding.entry?.lost).toEqual({ at: [new Date(binding.nowMs).toISOString()], generation: 0 });
    expect(binding.settle().entry).toEqual(binding.entry);
  });

  it('are added again after each change of the app by its owner', () => {
    const binding = bound(appOf());
    for (const tag of ['web:2', 'web:3', 'web:4']) {
      binding.app = reapplied(binding.app, appOf([{ name: 'web', image: tag }]));
      expect(binding.settle()).toMatchObject({ reason: 'Current' });
    }
    expect(binding.patches).toBe(4);
  });

  it('are no loss in a container that was renamed', () => {
    const binding = bound(appOf());
    binding.app = reapplied(binding.app, appOf([{ name: 'front', image: 'web:1' }]));
    expect(binding.settle()).toMatchObject({ reason: 'Current' });
    expect(variablesIn(binding.app, 'front')).toEqual(BOTH);
    expect(binding.entry).not.toHaveProperty('lost');
  });

  it('are no loss when it is the wish that changed, however often', () => {
    const binding = bound(appOf([{ name: 'web' }, { name: 'worker' }]), wishOf({ containers: ['web'] }));
    binding.wish = wishOf();
    binding.settle();
    for (const [index, prefix] of ['A', 'B', 'C'].entries()) {
      binding.wish = wishOf({ variables: [`${prefix}_URL`] });
      binding.revision = `r${index + 2}`;
      expect(binding.settle()).toMatchObject({ reason: 'Current' });
      expect(variablesIn(binding.app, 'web')).toEqual([`${prefix}_URL`]);
    }
    expect(binding.patches).toBe(5);
  });
});

describe('restarts', () => {
  it('come once for each revision', () => {
    const binding = bound();
    for (const revision of ['r2', 'r3']) {
      binding.revision = revision;
      binding.settle();
      expect(binding.mark()).toBe(revision);
    }
    expect(binding.patches).toBe(3);
  });

  it('do not come from an annotation that somebody removed or rolled back', () => {
    const binding = bound();
    const before = binding.app;
    binding.revision = 'r2';
    binding.settle();
    binding.app = rolledOut(reapplied(binding.app, before));
    expect(binding.settle()).toMatchObject({ reason: 'Current' });
    expect(binding.patches).toBe(2);
    expect(binding.mark()).toBe('r1');
  });

  it('do not come a second time when status lost what the annotation tells', () => {
    const binding = bound();
    binding.entry = undefined;
    expect(binding.settle()).toMatchObject({ reason: 'Current' });
    expect(binding.patches).toBe(1);
    expect(binding.entry).toMatchObject({ revision: 'r1' });
  });

  it('do not come with a crash between the patch and the status', () => {
    const binding = bound();
    const remembered = binding.entry;
    binding.revision = 'r2';
    binding.settle();
    binding.entry = remembered;
    binding.settle();
    expect(binding.patches).toBe(2);
    expect(binding.entry).toMatchObject({ revision: 'r2' });
  });

  it('do not come with the provisioning for an app that reads the Secret itself, but with changes later', () => {
    const binding = bound(appOf(), wishOf({ env: 'FromSecret' }));
    expect(binding.patches).toBe(0);
    binding.revision = 'r2';
    binding.settle();
    expect(binding.patches).toBe(1);
    expect(variablesIn(binding.app, 'web')).toEqual([]);
  });
});

describe('a restart that is due while the variables of an app cannot be as they should', () => {
  const dueWith = (change: (binding: Binding) => void) => {
    const binding = bound();
    change(binding);
    binding.settle();
    const patches = binding.patches;
    binding.revision = 'r2';
    binding.settle();
    return { binding, restarts: binding.patches - patches };
  };
  const sets = [{ name: 'web', env: [{ name: 'OTHER_URL', value: 'http://mine' }] }];
  const contested = (binding: Binding) => {
    for (let round = 0; round < 5; round += 1) {
      binding.settle();
      binding.app = rolledOut(reapplied(binding.app, appOf()));
    }
  };

  it.each<{ name: string; reason: string; change: (binding: Binding) => void; restarts: number }>([
    {
      name: 'comes though a container does not exist',
      reason: 'ContainerMissing',
      change: (binding) => (binding.wish = wishOf({ containers: ['web', 'wrker'] })),
      restarts: 1,
    },
    {
      name: 'comes though a further variable is set by the app itself',
      reason: 'VariableConflict',
      change: (binding) => {
        binding.app = patched(binding.app, { spec: { template: { spec: { containers: sets } } } });
        binding.wish = wishOf({ variables: [...BOTH, 'OTHER_URL'] });
      },
      restarts: 1,
    },
    {
      name: 'waits while the variables that the app has are not in the Secret any more: its pods would not start',
      reason: 'VariableConflict',
      change: (binding) => {
        binding.app = patched(binding.app, { spec: { template: { spec: { containers: sets } } } });
        binding.wish = wishOf({ variables: ['OTHER_URL'] });
      },
      restarts: 0,
    },
    {
      name: 'comes though the variables are taken out again and again',
      reason: 'BindingContested',
      change: contested,
      restarts: 1,
    },
  ])('$name', ({ reason, change, restarts }) => {
    const { binding, restarts: came } = dueWith(change);
    expect(binding.last).toMatchObject({ reason, current: false });
    expect(came).toBe(restarts);
    expect(binding.entry?.revision).toBe(restarts === 1 ? 'r2' : 'r1');
    const before = binding.patches;
    binding.settle();
    expect(binding.patches).toBe(before);
  });

  it('comes with the variables, once, when nothing is in their way any more', () => {
    const { binding } = dueWith((each) => {
      each.app = patched(each.app, { spec: { template: { spec: { containers: sets } } } });
      each.wish = wishOf({ variables: ['OTHER_URL'] });
    });
    const before = binding.patches;
    binding.wish = wishOf();
    binding.settle();
    expect(binding.patches).toBe(before + 1);
    expect(binding.mark()).toBe('r2');
  });

  it('does not come to an app that never got its variables', () => {
    const binding = bound(appOf(), wishOf({ containers: ['wrker'] }));
    binding.told = 'r1';
    binding.revision = 'r2';
    binding.settle();
    expect(binding.patches).toBe(0);
  });

  it('is remembered until it is written', () => {
    const binding = bound();
    binding.revision = 'r2';
    const { unwritten } = decideApp(binding.wish, cached(binding.app), binding.entry, 'r2', NOW);
    expect(unwritten).toMatchObject({ revision: 'r1' });
    const fresh = decideApp(wishOf({ env: 'FromSecret' }), cached(appOf()), undefined, 'r2', NOW, 'r1');
    expect(fresh).toMatchObject({ restarts: true, unwritten: { revision: 'r1' } });
  });
});

describe('unbinding', () => {
  it('takes out what was injected and leaves the rest', () => {
    const binding = bound(appOf([{ name: 'web', env: [{ name: 'MODE', value: 'x' }] }]));
    const after = patched(binding.app, unbindPatch({ secretName: 'my-app-influx' }, cached(binding.app)));
    expect(variablesIn(after, 'web')).toEqual(['MODE']);
    expect(unbindPatch({ secretName: 'my-app-influx' }, cached(after))).toBeUndefined();
  });

  it('happens when an app reads the Secret itself from now on', () => {
    const binding = bound();
    binding.wish = wishOf({ env: 'FromSecret' });
    binding.settle();
    expect(variablesIn(binding.app, 'web')).toEqual([]);
    expect(binding.entry).not.toHaveProperty('injectedTemplate');
    expect(binding.patches).toBe(2);
  });
});
