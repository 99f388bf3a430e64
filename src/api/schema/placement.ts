import { z } from 'zod';
import { atomicList, doc } from './doc.ts';
import { annotations, labelKey, labelSelector, labels } from './label-selector.ts';
import { anyText, text } from './text.ts';

// The subset of core/v1's pod spec that says where the pod runs, in Kubernetes' own shapes, so that `kubectl explain`
// and strict decoding know every field. `namespaces` is left out: no reference of the API leaves the namespace.
const weight = doc(z.int().min(1).max(100), 'Weight of the preference, 1 to 100.');

const nodeSelectorTerm = z.strictObject({
  matchExpressions: requirements('Requirements on the labels of the node.').exactOptional(),
  matchFields: requirements('Requirements on the fields of the node.').exactOptional(),
});

const podAffinityTerm = z.strictObject({
  topologyKey: labelKey,
  labelSelector: labelSelector('The pods meant.').exactOptional(),
  matchLabelKeys: atomicList(
    labelKey,
    8,
    'Label keys whose values of this pod are added to the selector.',
  ).exactOptional(),
  mismatchLabelKeys: atomicList(
    labelKey,
    8,
    'Label keys whose values of this pod are excluded.',
  ).exactOptional(),
});

const affinity = doc(
  z.strictObject({
    nodeAffinity: doc(
      z.strictObject({
        requiredDuringSchedulingIgnoredDuringExecution: doc(
          z.strictObject({
            nodeSelectorTerms: atomicList(nodeSelectorTerm, 8, 'One of the terms has to match.'),
          }),
          'What the node has to be.',
        ).exactOptional(),
        preferredDuringSchedulingIgnoredDuringExecution: atomicList(
          z.strictObject({ weight, preference: doc(nodeSelectorTerm, 'A preferred kind of node.') }),
          8,
          'What the node should be.',
        ).exactOptional(),
      }),
      'Attraction to nodes.',
    ).exactOptional(),
    podAffinity: podTerms('Attraction to pods of this namespace.').exactOptional(),
    podAntiAffinity: podTerms('Distance from pods of this namespace.').exactOptional(),
  }),
  'Affinity of the database pod, as in a pod.',
);

const toleration = z.strictObject({
  key: labelKey.exactOptional(),
  operator: doc(z.enum(['Exists', 'Equal']), 'Exists ignores the value.').exactOptional(),
  value: anyText(63, 'The value of the taint.').exactOptional(),
  effect: doc(
    z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
    'The effect tolerated; all when empty.',
  ).exactOptional(),
  tolerationSeconds: doc(
    z.int().min(0).max(31_536_000),
    'How long a NoExecute taint is tolerated, in seconds.',
  ).exactOptional(),
});

const OWN_KEYS = "k.startsWith('influxaddon.dev/') || k.startsWith('app.kubernetes.io/')";

export const placement = doc(
  z.strictObject({
    nodeSelector: labels(16, 'Labels that the node has to have.').exactOptional(),
    tolerations: atomicList(toleration, 16, 'Taints that the pod tolerates.').exactOptional(),
    affinity: affinity.exactOptional(),
    priorityClassName: text({
      pattern: /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/,
      max: 253,
      message: 'must be the name of a PriorityClass, or empty',
      description: 'PriorityClass of the database pod; empty for the default of the cluster.',
    }).exactOptional(),
    podLabels: doc(labels(16, ''), 'Further labels of the database pod.', {
      rule: `self.all(k, !(${OWN_KEYS}))`,
      message:
        'spec.placement.podLabels: keys of app.kubernetes.io/ and influxaddon.dev/ belong to the operator',
    }).exactOptional(),
    podAnnotations: doc(annotations(16, ''), 'Further annotations of the database pod.', {
      rule: "self.all(k, !k.startsWith('influxaddon.dev/'))",
      message: 'spec.placement.podAnnotations: keys of influxaddon.dev/ belong to the operator',
    }).exactOptional(),
  }),
  'Where the database pod runs and what it carries. A change restarts the database.',
);

function requirements(description: string) {
  return atomicList(
    z.strictObject({
      key: labelKey,
      operator: doc(
        z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']),
        'How the values are compared.',
      ),
      values: atomicList(anyText(253, 'A value.'), 32, 'Values, for In, NotIn, Gt and Lt.').exactOptional(),
    }),
    16,
    description,
  );
}

function podTerms(description: string) {
  return doc(
    z.strictObject({
      requiredDuringSchedulingIgnoredDuringExecution: atomicList(
        podAffinityTerm,
        8,
        'All the terms have to hold.',
      ).exactOptional(),
      preferredDuringSchedulingIgnoredDuringExecution: atomicList(
        z.strictObject({ weight, podAffinityTerm: doc(podAffinityTerm, 'A preferred term.') }),
        8,
        'Terms that should hold.',
      ).exactOptional(),
    }),
    description,
  );
}
