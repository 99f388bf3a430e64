import type { Engine } from './engine.ts';
import { V1 } from './v1/index.ts';

/** By the first number of its versions. */
const ENGINES: Readonly<Record<string, Engine>> = { 1: V1 };

/** The engine of a version of the catalogue; undefined for one that this operator does not know how to run. */
export function engineOf(version: string): Engine | undefined {
  return ENGINES[version.split('.')[0] ?? ''];
}

/**
 * The engine of a version that is in force.
 *
 * @throws Error for one that nothing can be in force with: it is refused before
 */
export function engineInForce(version: string): Engine {
  const engine = engineOf(version);
  if (engine === undefined) throw new Error(`no engine is known for InfluxDB ${version}`);
  return engine;
}
