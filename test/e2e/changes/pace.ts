import type { Ack } from './writer.ts';

export interface Pace {
  readonly writer: string;
  /** From its first point to its last. */
  readonly seconds: number;
  readonly perSecond: number;
}

/**
 * How many points each pod of the app wrote for each second of its life, by their own times. What was due while there
 * was no service is written when there is one again, so that neither an outage nor a slow machine thins them out.
 */
export function paceOf(acks: readonly Ack[]): Pace[] {
  const byWriter = Map.groupBy(acks, ({ writer }) => writer);
  return [...byWriter].map(([writer, own]) => {
    const times = own.map(({ timestamp }) => timestamp);
    const seconds = (Math.max(...times) - Math.min(...times)) / 1000;
    return { writer, seconds, perSecond: new Set(times).size / seconds };
  });
}
