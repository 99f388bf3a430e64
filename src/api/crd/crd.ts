import type { CustomKind } from './custom-kind.ts';
import { GROUP, VERSION } from '../group.ts';
import { structural } from './structural.ts';

/** The CustomResourceDefinition of a kind, as plain JSON. */
export function crdOf(kind: CustomKind) {
  const schema = structural(kind.schema);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: kind.namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.singular,
        shortNames: kind.shortNames,
        categories: kind.categories,
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          ...(kind.statusSubresource ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: kind.columns,
          schema: {
            openAPIV3Schema: {
              ...schema,
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                ...schema.properties,
              },
            },
          },
        },
      ],
    },
  };
}

/** File name of a definition below `crds/`. */
export function crdFileName(kind: CustomKind): string {
  return `${GROUP}_${kind.plural}.yaml`;
}
