import { z } from 'zod';
import { anyText, text } from './text.ts';
import { atomicList, doc } from './doc.ts';

// Not checked here but where Kubernetes gets them, in the pod or the policy: the rules of a selector in a list of terms
// would cost a large part of the budget for CEL.
export const labelKey = anyText(317, 'A label key.');
const selectorValue = anyText(63, 'A label value.');

const labelValue = text({
  pattern: /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/,
  max: 63,
  message: 'must be a label value: at most 63 letters, digits, "-", "_" and "."',
  description: 'A label value.',
});

/** Keys of a map have no schema of their own in a CRD; the values have. */
export function labels(max: number, description: string) {
  return z.record(z.string(), labelValue).meta({ description, maxProperties: max });
}

/** As in Kubernetes: all labels and all expressions have to match; an empty selector matches everything. */
export function labelSelector(description: string) {
  return doc(
    z.strictObject({
      matchLabels: z
        .record(z.string(), selectorValue)
        .meta({ description: 'Labels that a pod has to have.', maxProperties: 32 })
        .exactOptional(),
      matchExpressions: atomicList(
        z.strictObject({
          key: labelKey,
          operator: doc(
            z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
            'How the values are compared with the label.',
          ),
          values: atomicList(selectorValue, 32, 'Values, for In and NotIn.').exactOptional(),
        }),
        16,
        'Expressions that have to hold for a pod.',
      ).exactOptional(),
    }),
    description,
  );
}

/** Free annotations: at most `max`, their values at most 4 KiB each. */
export function annotations(max: number, description: string) {
  return z
    .record(z.string(), anyText(4096, 'An annotation value.'))
    .meta({ description, maxProperties: max });
}
