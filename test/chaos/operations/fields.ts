import { crdOf } from '../../../src/api/crd/crd.ts';
import { influxAddonKind } from '../../../src/api/influx-addon.ts';

/** A leaf of a spec in the schema of the definition: `apps[].name`. */
export interface Field {
  readonly path: string;
  readonly type: string;
  readonly enum: readonly string[] | undefined;
}

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly enum?: readonly string[];
  readonly openAPIV3Schema?: Schema;
}

/** Every leaf of an addon's spec, as users get the schema. */
export function fieldsOfSpec(): Field[] {
  const crd = crdOf(influxAddonKind) as unknown as {
    spec: { versions: { schema: { openAPIV3Schema: Schema } }[] };
  };
  const spec = crd.spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec'];
  return spec === undefined ? [] : leaves('', spec);
}

function leaves(path: string, schema: Schema): Field[] {
  if (schema.type === 'array' && schema.items !== undefined) return leaves(`${path}[]`, schema.items);
  if (schema.properties === undefined) return [{ path, type: schema.type ?? '', enum: schema.enum }];
  return Object.entries(schema.properties).flatMap(([key, each]) =>
    leaves(path === '' ? key : `${path}.${key}`, each),
  );
}
