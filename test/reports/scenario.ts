import { describe, test } from 'vitest';
import type { OperatorNode } from '../e2e/operator-node.ts';
import { Place } from './place.ts';

/** Something that befell people who run such operators, with what has to come of it. */
export interface Scenario {
  /** The rule, as a sentence. */
  readonly name: string;
  /** It touches what all namespaces share: the operator, its installation, a storage class, a version. */
  readonly alone?: true;
  /** `make test-all` tries it, too. */
  readonly sample?: true;
  readonly run: (place: Place) => Promise<void>;
}

/** A test for each, in a namespace of its own; those that disturb nobody at once. */
export function scenarioCases(on: () => OperatorNode, scenarios: readonly Scenario[]): void {
  const entries = scenarios.map((scenario, index) => ({ ...scenario, namespace: `scenario-${index + 1}` }));
  const body = async ({ namespace, run }: (typeof entries)[number]): Promise<void> => {
    await run(new Place(on(), await on().space(namespace)));
  };
  describe.concurrent('in a namespace of its own', () => {
    test.for(entries.filter(({ alone }) => alone === undefined))('$name', (entry) => body(entry));
  });
  describe('alone on the cluster', () => {
    test.for(entries.filter(({ alone }) => alone === true))('$name', (entry) => body(entry));
  });
}
