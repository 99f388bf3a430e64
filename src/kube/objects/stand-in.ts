import type { Container, PodSpec } from 'kubernetes-types/core/v1.js';
import { given } from './given.ts';
import { formatBytes } from './quantity.ts';
import { usageOf } from './quota.ts';

type Side = 'limits' | 'requests';
/** Nano units. */
type Amount = (side: Side, name: string) => bigint;

/**
 * A pod like `meant` that asks only for what that one uses beyond the one that leaves. Where the quota that refuses
 * `meant` has room by then, this one is told what the others say. Undefined where nothing more is used.
 */
export function standIn(meant: PodSpec, leaving: PodSpec): PodSpec | undefined {
  const beyond: Amount = (side, name) => {
    const more = usageOf(meant, `${side}.${name}`) - usageOf(leaving, `${side}.${name}`);
    return more > 0n ? more : 0n;
  };
  const [first, ...others] = meant.containers;
  if (first === undefined || !usesAny(meant, beyond)) return undefined;
  return {
    ...meant,
    containers: [using(first, beyond), ...others.map(usingNothing)],
    ...given({ initContainers: meant.initContainers?.map(usingNothing) }),
  };
}

function usesAny({ containers, initContainers = [] }: PodSpec, amount: Amount): boolean {
  return [...containers, ...initContainers].some(({ resources }) =>
    (['limits', 'requests'] as const).some((side) =>
      Object.keys(resources?.[side] ?? {}).some((name) => amount(side, name) > 0n),
    ),
  );
}

const usingNothing = (container: Container): Container => using(container, () => 0n);

/** The container with other amounts of what it names: a quota refuses one that leaves out what it counts. */
function using(container: Container, amount: Amount): Container {
  const { limits, requests } = container.resources ?? {};
  // No container may request more than its limit.
  const requested = (name: string): bigint => {
    const [own, most] = [amount('requests', name), amount('limits', name)];
    return limits?.[name] !== undefined && most < own ? most : own;
  };
  const resources = {
    limits: limits && mapped(limits, (name) => amount('limits', name)),
    requests: requests && mapped(requests, requested),
  };
  return { ...container, resources: { ...container.resources, ...given(resources) } };
}

function mapped(list: Readonly<Record<string, unknown>>, to: (name: string) => bigint) {
  return Object.fromEntries(Object.keys(list).map((name) => [name, quantityOf(to(name))]));
}

/** In whole thousandths, rounded up. */
function quantityOf(nano: bigint): string {
  const milli = (nano + 999_999n) / 1_000_000n;
  return milli % 1_000n === 0n ? formatBytes(Number(milli / 1_000n)) : `${milli}m`;
}
