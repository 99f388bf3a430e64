import { atomicList, doc, setOf } from './doc.ts';
import { annotations, labelSelector } from './label-selector.ts';
import { nameRef, objectName } from './text.ts';
import { z } from 'zod';

/** Annotations with which clouds widen a list of address ranges are refused by name; the operator leaves them out too. */
export const RESERVED = [
  "k.startsWith('influxaddon.dev/')",
  "k.contains('.influxaddon.dev/')",
  "k.startsWith('kubectl.kubernetes.io/')",
  "k in ['load-balancer-source-ranges', 'azure-allowed-ip-ranges', 'azure-allowed-service-tags'].map(n, 'service.beta.kubernetes.io/' + n)",
].join(' || ');

export const internetAccess = doc(
  z.strictObject({
    mode: doc(
      z.enum(['Disabled', 'LoadBalancer', 'NodePort']),
      'Disabled (default), or how the database is reached from outside the cluster.',
    ).exactOptional(),
    allowedCIDRs: setOf(
      doc(z.string().max(49), 'An address range.', {
        rule: 'isCIDR(self) && cidr(self) == cidr(self).masked()',
        message:
          'spec.internetAccess.allowedCIDRs: write ranges in CIDR notation, such as 203.0.113.0/24, with nothing behind the prefix',
      }),
      64,
      'From where connections are taken. The whole world is 0.0.0.0/0 and ::/0, and has to be written out.',
    ).exactOptional(),
    hostnames: setOf(
      objectName('A DNS name.'),
      16,
      'Further names by which the database is reached, put into its certificate.',
    ).exactOptional(),
    serviceAnnotations: doc(annotations(16, ''), 'Annotations of the external Service.', {
      rule: `self.all(k, !(${RESERVED}))`,
      message:
        'spec.internetAccess.serviceAnnotations: keys of influxaddon.dev/ and kubectl.kubernetes.io/ are not yours to set, and who may connect is said in spec.internetAccess.allowedCIDRs only',
    }).exactOptional(),
  }),
  'Access from outside the cluster; needs TLS.',
  {
    rule: "!has(self.mode) || self.mode == 'Disabled' || (has(self.allowedCIDRs) && size(self.allowedCIDRs) > 0)",
    message:
      'spec.internetAccess.allowedCIDRs must list who may connect; write 0.0.0.0/0 and ::/0 for the whole world',
  },
);

export const access = doc(
  z.strictObject({
    policy: doc(
      z.enum(['Namespace', 'Bound', 'Open']),
      'Namespace (default): any pod of the namespace | Bound: the bound apps and the pods of `from` | Open: no NetworkPolicy.',
    ).exactOptional(),
    from: atomicList(
      z.strictObject({ podSelector: labelSelector('Pods of this namespace.') }),
      32,
      'Bound only: further pods that may connect.',
    ).exactOptional(),
  }),
  'Which pods may connect (NetworkPolicy).',
  {
    rule: "!has(self.from) || size(self.from) == 0 || (has(self.policy) && self.policy == 'Bound')",
    message: 'spec.access.from is only allowed with spec.access.policy: Bound',
  },
);

export const tls = doc(
  z.strictObject({
    mode: doc(
      z.enum(['Disabled', 'Required']),
      'Disabled (default) | Required: the database listens with TLS or without, never both.',
    ).exactOptional(),
    certificateRef: nameRef(
      'A Secret of type kubernetes.io/tls with the certificate to use instead of one of the operator.',
    ).exactOptional(),
  }),
  'TLS of the database.',
);
