import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec } from './influx-addon.ts';
import { notImplemented, notImplementedFields } from './not-implemented.ts';
import { addonSpec } from './schema/addon-spec.ts';
import { type StructuralSchema, structural } from './crd/structural.ts';

/** Leaves that this release acts on. A field of the schema is here or in the list of not-implemented.ts. */
const implemented = [
  'spec.plan',
  'spec.version',
  'spec.state',
  'spec.apps[].kind',
  'spec.apps[].name',
  'spec.apps[].env',
  'spec.apps[].containers[]',
  'spec.connection.prefix',
  'spec.connection.alias',
  'spec.tls.mode',
  'spec.tls.certificateRef.name',
  'spec.internetAccess.mode',
  'spec.internetAccess.allowedCIDRs[]',
  'spec.internetAccess.hostnames[]',
  'spec.internetAccess.serviceAnnotations',
  'spec.access.policy',
  'spec.access.from[].podSelector',
  'spec.retentionPolicies',
  'spec.defaultRetentionPolicy',
  'spec.continuousQueries',
  'spec.users',
  'spec.maintenanceWindow',
  'spec.storage.autoGrow',
  'spec.backups',
  'spec.restoreFrom',
  'spec.placement.nodeSelector',
  'spec.placement.tolerations[]',
  'spec.placement.affinity',
  'spec.placement.priorityClassName',
  'spec.placement.podLabels',
  'spec.placement.podAnnotations',
  'spec.deletionPolicy',
  'spec.deletionProtection',
];

/** Asks for exactly one thing that is not implemented, one spec for each entry of the list. */
const examples: Record<string, Partial<InfluxAddonSpec>> = {
  'spec.tls.mode = Required': { tls: { mode: 'Required' } },
};

describe('notImplemented', () => {
  it('knows every leaf of the schema as implemented or as not', () => {
    const known = [...implemented, ...notImplementedFields.map(({ field }) => field.split(' = ')[0])];
    const unknown = leaves(structural(addonSpec), 'spec').filter(
      (leaf) => !known.some((path) => leaf === path || isBelow(leaf, path)),
    );
    expect(unknown).toEqual([]);
  });

  it('lists no field that the schema does not have', () => {
    const all = leaves(structural(addonSpec), 'spec');
    const listed = [...implemented, ...notImplementedFields.map(({ field }) => field.split(' = ')[0])];
    expect(listed.filter((path) => !all.some((leaf) => leaf === path || isBelow(leaf, path)))).toEqual([]);
  });

  it.each(notImplementedFields.map(({ field }) => field))('names %s when it is asked for', (field) => {
    expect(notImplemented({ plan: '1g', ...examples[field] })).toEqual([field]);
  });

  it('names nothing when the spec asks for what is the default anyway', () => {
    expect(
      notImplemented({
        plan: '1g',
        tls: { mode: 'Disabled' },
        internetAccess: { mode: 'Disabled', allowedCIDRs: ['203.0.113.0/24'] },
        retentionPolicies: [],
        defaultRetentionPolicy: 'autogen',
        continuousQueries: [],
        users: [],
        maintenanceWindow: { startHour: 3 },
        storage: { autoGrow: 'Enabled' },
        deletionPolicy: 'Delete',
        deletionProtection: 'Disabled',
      }),
    ).toEqual([]);
  });
});

function isBelow(leaf: string, path: string | undefined): boolean {
  return path !== undefined && (leaf.startsWith(`${path}.`) || leaf.startsWith(`${path}[`));
}

/** Paths of the fields without fields of their own; maps count as one. */
function leaves(schema: StructuralSchema, path: string): string[] {
  if (schema.items) return leaves(schema.items, `${path}[]`);
  if (!schema.properties) return [path];
  return Object.entries(schema.properties).flatMap(([name, child]) => leaves(child, `${path}.${name}`));
}
