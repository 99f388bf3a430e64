import { z } from 'zod';
import { anyText, text } from './text.ts';
import { atomicList, doc } from './doc.ts';

export const labelKey = text({
  pattern: /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
  max: 317,
  message: 'must be a label key, such as app or example.com/team',
  description: 'A label key.',
});

export const labelValue = text({
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
      matchLabels: labels(32, 'Labels that a pod has to have.').exactOptional(),
      matchExpressions: atomicList(
        z.strictObject({
          key: labelKey,
          operator: doc(
            z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
            'How the values are compared with the label.',
          ),
          values: atomicList(labelValue, 32, 'Values, for In and NotIn.').exactOptional(),
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
