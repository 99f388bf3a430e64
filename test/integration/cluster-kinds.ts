import type { MutatingWebhookConfiguration as MutatingWebhookBody } from 'kubernetes-types/admissionregistration/v1.js';
import type { LimitRange as LimitRangeBody } from 'kubernetes-types/core/v1.js';
import type { PriorityClass as PriorityClassBody } from 'kubernetes-types/scheduling/v1.js';
import type { Kind } from '../../src/kube/objects/kinds.ts';

/** Kinds that the operator has nothing to do with, and meets. */
export const LimitRange: Kind<LimitRangeBody> = {
  group: '',
  version: 'v1',
  plural: 'limitranges',
  kind: 'LimitRange',
  namespaced: true,
};

export const PriorityClass: Kind<PriorityClassBody> = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  plural: 'priorityclasses',
  kind: 'PriorityClass',
  namespaced: false,
};

export const MutatingWebhookConfiguration: Kind<MutatingWebhookBody> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'mutatingwebhookconfigurations',
  kind: 'MutatingWebhookConfiguration',
  namespaced: false,
};
