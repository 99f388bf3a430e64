import type { InfluxAddonSpec } from '../../../src/api/influx-addon.ts';
import { InfluxAddon } from '../../../src/api/kinds.ts';
import { ApiError } from '../../../src/kube/api/api-error.ts';
import { Pod } from '../../../src/kube/objects/kinds.ts';
import { ADDON, INJECTED, type Stage } from '../lab/stage.ts';
import { endState } from '../oracles/end-state.ts';
import type { Flat } from '../oracles/flat.ts';
import type { Scenario } from '../scenario.ts';
import { giveCertificate } from '../scenarios/certificate.ts';
import { isRefused } from '../scenarios/ends.ts';
import { allChanges } from './changes.ts';
import { allMisuses } from './misuses.ts';
import { describe, type Operation } from './operation.ts';
import { shuffled } from './random.ts';

const LENGTH = 10;

/** All operations, each once, in chains of at most ten, in an order that the seed draws. */
export function chainsOf(seed: number): Operation[][] {
  const all: Operation[] = [
    ...allChanges().map((change) => ({ ...change, valid: true as const })),
    ...allMisuses().map((misuse) => ({ ...misuse, valid: false as const })),
  ];
  const order = shuffled(all, seed);
  return Array.from({ length: Math.ceil(order.length / LENGTH) }, (_, n) =>
    order.slice(n * LENGTH, (n + 1) * LENGTH),
  );
}

/** An addon whose spec is changed again and again; `ended` is told the spec that it ends with. */
export function chainScenario(
  name: string,
  operations: readonly Operation[],
  ended: (spec: InfluxAddonSpec) => void,
): Scenario {
  return {
    name,
    about: operations.map(describe).join('; '),
    engine: 'Fake',
    setup,
    act: async (stage) => {
      for (const operation of operations) {
        if (operation.valid) await change(stage, operation);
        else await misuse(stage, operation);
      }
      ended((await stage.live(InfluxAddon, ADDON)).spec);
    },
  };
}

/** A new addon with that spec. */
export function twinScenario(name: string, spec: InfluxAddonSpec): Scenario {
  return {
    name,
    about: JSON.stringify(spec),
    engine: 'Fake',
    setup: async (stage) => {
      await stage.app();
      await stage.app('worker');
      await giveCertificate(stage, 'mine');
    },
    act: async (stage) => await stage.addon(spec),
  };
}

async function setup(stage: Stage): Promise<void> {
  await stage.app();
  await stage.app('worker');
  await giveCertificate(stage, 'mine');
  await stage.addon({ version: '1.8', apps: [...INJECTED] });
}

async function change(stage: Stage, operation: Operation): Promise<void> {
  try {
    await stage.edit(operation.spec);
  } catch (reason) {
    const error = ApiError.from(reason);
    // Two valid changes may exclude each other: then the second is a misuse, and is refused like one.
    if (error.isInvalid) return;
    throw error;
  }
  await stage.settled(`done after ${describe(operation)}`);
}

async function misuse(stage: Stage, operation: Operation & { valid: false }): Promise<void> {
  const what = describe(operation);
  const { spec } = await stage.live(InfluxAddon, ADDON);
  const before = await picture(stage);
  const pod = stage.seen(Pod, `${ADDON}-influx-0`)?.metadata.uid;
  try {
    await stage.edit(operation.spec);
  } catch (reason) {
    const error = ApiError.from(reason);
    if (!error.isInvalid) throw error;
    if (!error.message.includes(operation.says))
      throw new Error(`${what} is refused with "${error.message}"`);
    return;
  }
  await stage.settled(`refused after ${what}`, () => isRefused(stage));
  const refused = stage.seen(InfluxAddon, ADDON);
  const message = refused?.status?.conditions?.find(({ type }) => type === 'Stalled')?.message ?? '';
  if (!message.includes(operation.says)) throw new Error(`${what} is refused with "${message}"`);
  if (stage.seen(Pod, `${ADDON}-influx-0`)?.metadata.uid !== pod)
    throw new Error(`${what} touched the running database`);
  const back = Object.fromEntries(
    Object.keys(operation.spec).map((key) => [key, spec[key as keyof InfluxAddonSpec] ?? null]),
  );
  await stage.edit(back);
  await stage.settled(`as before after ${what} was taken back`);
  const after = await picture(stage);
  const differ = [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.get(path) !== after.get(path),
  );
  if (differ.length > 0)
    throw new Error(`${what} was taken back, and left ${differ.slice(0, 3).join(', ')} otherwise`);
}

/** All but what moves with every edit of the addon. */
async function picture(stage: Stage): Promise<Flat> {
  const all = await endState(stage.lab, stage.namespace, 0, 0);
  const moves = /resourceVersion|[gG]eneration|lastTransitionTime|\.status\.dataPlane\.verifiedAt|^history\./;
  return new Map([...all].filter(([path]) => !moves.test(path)));
}
