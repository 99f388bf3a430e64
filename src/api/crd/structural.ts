import { z } from 'zod';

/** A node of a CRD's schema: OpenAPI v3, structural (KEP-2335). */
export interface StructuralSchema {
  type?: string;
  properties?: Record<string, StructuralSchema>;
  items?: StructuralSchema;
  additionalProperties?: StructuralSchema | false;
  required?: string[];
  [keyword: string]: unknown;
}

/** Turns a zod schema into what the API server accepts as a structural schema. */
export function structural(schema: z.ZodType): StructuralSchema {
  const converted = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    unrepresentable: 'throw',
  });
  // zod's result carries a property that cannot be deleted, so it is copied first.
  return tidy(JSON.parse(JSON.stringify(converted)) as StructuralSchema);
}

function tidy(node: StructuralSchema): StructuralSchema {
  // Strictness is the API server's: it prunes unknown fields, and refuses them under strict field validation.
  if (node.additionalProperties === false) delete node.additionalProperties;
  if (node.additionalProperties) node.additionalProperties = tidy(node.additionalProperties);
  if (node.items) node.items = tidy(node.items);
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    node.properties = { ...node.properties, [name]: tidy(child) };
  }
  return inOrder(node);
}

/** Type and description first, children last, as a reader of the YAML expects. */
function inOrder(node: StructuralSchema): StructuralSchema {
  const { type, description, properties, items, additionalProperties, ...rest } = node;
  return Object.fromEntries(
    Object.entries({ type, description, ...rest, additionalProperties, items, properties }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}
