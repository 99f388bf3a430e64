import type { Container, PodSpec } from 'kubernetes-types/core/v1.js';
import { parseQuantity } from './quantity.ts';

/** Whether the message of a refusal names what was requested, used and limited of a ResourceQuota. */
export function isAboutQuota(message: string): boolean {
  return EXCEEDED.test(message);
}

/**
 * Whether a pod that was refused for an exceeded ResourceQuota fits once another has left. The message names all that
 * one quota refuses, and no other quota: the API server looks no further than the first.
 *
 * @param message of the refusal; false when it is about something else
 * @param leaving whose share is free by then
 */
export function fitsWithout(message: string, leaving: PodSpec): boolean {
  const { requested, used, limited } = exceededIn(message);
  return (
    requested.size > 0 &&
    [...requested].every(
      ([resource, amount]) =>
        amount + (used.get(resource) ?? 0n) - usageOf(leaving, resource) <= (limited.get(resource) ?? 0n),
    )
  );
}

/**
 * Whether a quota has no room for what a pod says itself that it uses; its place among the pods is not looked at, nor
 * what others have made of its amounts on the way.
 */
export function isShortFor(message: string, asked: PodSpec): boolean {
  const { requested } = exceededIn(message);
  return [...requested].some(
    ([resource, amount]) => !isPodCount(resource) && amount === usageOf(asked, resource),
  );
}

/** `exceeded quota: q, requested: limits.memory=1Gi,pods=1, used: limits.memory=2Gi,pods=3, limited: …` */
const AMOUNTS = String.raw`([\w./=,+-]+)`;
const EXCEEDED = new RegExp(
  `exceeded quota: [^,\\s]+, requested: ${AMOUNTS}, used: ${AMOUNTS}, limited: ${AMOUNTS}`,
);

/** By resource, in nano units; empty for another message. */
function exceededIn(message: string) {
  const [, requested, used, limited] = EXCEEDED.exec(message) ?? [];
  return { requested: amountsOf(requested), used: amountsOf(used), limited: amountsOf(limited) };
}

function amountsOf(list = ''): Map<string, bigint> {
  return new Map(
    list
      .split(',')
      .filter(Boolean)
      .map((each): [string, bigint] => {
        const [resource = '', amount = '0'] = each.split('=');
        return [resource, parseQuantity(amount)];
      }),
  );
}

/** Nano units that a quota counts of a pod, by the quota's name of the resource. */
export function usageOf(spec: PodSpec, resource: string): bigint {
  if (isPodCount(resource)) return parseQuantity(1);
  const side = resource.startsWith('limits.') ? 'limits' : 'requests';
  const name = resource.replace(/^(limits|requests)\./, '');
  const of = ({ resources }: Container): bigint => parseQuantity(resources?.[side]?.[name] ?? 0);
  const sum = (containers: readonly Container[]): bigint =>
    containers.reduce((total, container) => total + of(container), 0n);
  // An init container that goes on beside the others counts with them; one that ends, only while it runs.
  let sidecars = 0n;
  let atStart = 0n;
  for (const init of spec.initContainers ?? []) {
    if (isSidecar(init)) sidecars += of(init);
    const present = isSidecar(init) ? sidecars : sidecars + of(init);
    if (present > atStart) atStart = present;
  }
  const running = sidecars + sum(spec.containers);
  return (running > atStart ? running : atStart) + parseQuantity(spec.overhead?.[name] ?? 0);
}

function isPodCount(resource: string): boolean {
  return resource === 'pods' || resource === 'count/pods';
}

function isSidecar(container: Container): boolean {
  return (container as { restartPolicy?: string }).restartPolicy === 'Always';
}
