import { setTimeout as delay } from 'node:timers/promises';
import { childNames } from '../../addon/world/names.ts';
import type { InfluxAddon as Addon } from '../../api/influx-addon.ts';
import { InfluxAddon, InfluxPlan } from '../../api/kinds.ts';
import { milliOf, unitsOf } from '../../kube/objects/quantity.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Send } from '../stream/list.ts';
import { Told } from '../stream/told.ts';
import { reasonOf } from '../stream/watching.ts';
import type { AddonKey, Visitor } from '../visitor.ts';
import type { Limits, NumbersMessages, Sample } from '../wire.ts';
import { containerUse } from './container.ts';
import { askEngine } from './engine.ts';
import type { Past } from './past.ts';
import { type Reading, toldBy } from './rates.ts';

/** The engine makes its statistics anew for each question: rarely enough that nobody feels it. */
const EVERY_MS = 10_000;
/** The engine's own container. */
const CONTAINER = 'influxdb';

export interface NumbersOptions {
  readonly visitor: Visitor;
  readonly key: AddonKey;
  readonly past: Past;
  readonly everyMs?: number;
}

/** Measures a database as long as somebody looks on. */
export async function streamNumbers(
  { visitor, key, past, everyMs = EVERY_MS }: NumbersOptions,
  send: Send<NumbersMessages>,
  signal: AbortSignal,
): Promise<void> {
  const told = new Told();
  let before: Reading | undefined;
  let seen: string | undefined;
  while (!signal.aborted) {
    const addon = await visitor.client
      .get(InfluxAddon, key, signal)
      .catch((error: unknown) => reasonOf(error));
    if (signal.aborted) return;
    if (addon === undefined || typeof addon === 'string') {
      const unknown = [addon ?? 'there is no such addon'];
      if (told.news('unknown', unknown)) await send('unknown', unknown);
    } else {
      const { uid } = addon.metadata;
      if (seen !== uid) await send('past', past.of(uid));
      if (seen !== uid) before = undefined;
      seen = uid;
      const limits = await limitsOf(visitor, addon, signal);
      if (limits !== undefined && told.news('limits', limits)) await send('limits', limits);
      const measured = await measure(visitor, addon, before, signal);
      if (signal.aborted) return;
      before = measured.reading;
      past.add(uid, measured.sample);
      await send('sample', measured.sample);
      if (told.news('unknown', measured.unknown)) await send('unknown', measured.unknown);
    }
    await delay(everyMs, undefined, { signal }).catch(() => {});
  }
}

interface Measured {
  readonly sample: Sample;
  readonly unknown: readonly string[];
  readonly reading: Reading | undefined;
}

async function measure(
  visitor: Visitor,
  addon: Live<Addon>,
  before: Reading | undefined,
  signal: AbortSignal,
): Promise<Measured> {
  const { namespace = '', name } = addon.metadata;
  const { pod } = childNames(name);
  const [use, activity] = await Promise.all([
    containerUse(visitor, { namespace, pod, container: CONTAINER }, signal),
    askEngine(visitor, addon, signal),
  ]);
  const reading = typeof activity === 'string' ? undefined : { atMs: performance.now(), activity };
  return {
    reading,
    sample: {
      at: new Date().toISOString(),
      ...(typeof use === 'string' ? {} : use),
      ...(reading === undefined ? {} : toldBy(before, reading)),
    },
    unknown: [use, typeof activity === 'string' ? `what the engine counts: ${activity}` : undefined].filter(
      (each) => typeof each === 'string',
    ),
  };
}

/** Undefined where the visitor may not read plans, or the plan was deleted. */
async function limitsOf(
  { client }: Visitor,
  addon: Live<Addon>,
  signal: AbortSignal,
): Promise<Limits | undefined> {
  const name = addon.status?.plan ?? addon.spec.plan;
  const plan = await client.get(InfluxPlan, { name }, signal).catch(() => undefined);
  if (plan === undefined) return undefined;
  const { memory, cpu, storage, limits } = plan.spec;
  return {
    memory: unitsOf(memory),
    cpu: milliOf(cpu.limit) / 1000,
    storage: unitsOf(storage.size),
    series: limits.series,
  };
}
