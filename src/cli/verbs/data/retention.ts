import type { InfluxAddonSpec } from '../../../api/influx-addon.ts';
import { defaultRetentionPolicyOf } from '../../../api/addon-defaults.ts';
import { Annotation } from '../../../api/annotations.ts';
import { changeAddon } from '../../edits/change.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import { annotate, type SpecPatch } from '../../edits/edit.ts';
import { findAddon } from '../../edits/find.ts';
import { table } from '../../output/table.ts';
import type { Context } from '../../command/verb.ts';

type Policy = NonNullable<InfluxAddonSpec['retentionPolicies']>[number];

export async function list(context: Context): Promise<void> {
  const addon = await findAddon(await context.cluster(), context.given.argument(0));
  const standard = defaultRetentionPolicyOf(addon);
  const wanted = addon.spec.retentionPolicies ?? [];
  const found = (addon.status?.retentionPolicies ?? []).filter(
    (policy) => !wanted.some((each) => each.name === policy.name),
  );
  const rows = [
    ...wanted.map((policy) => [
      policy.name,
      policy.duration,
      policy.shardDuration,
      isDefault(policy.name),
      'yes',
    ]),
    ...found.map((policy) => [policy.name, policy.duration, undefined, isDefault(policy.name), 'no']),
  ];
  const header = ['POLICY', 'DURATION', 'SHARD DURATION', 'DEFAULT', 'IN SPEC'];
  for (const line of table(header, rows)) context.terminal.say(line);

  function isDefault(name: string): string {
    return name === standard ? 'yes' : 'no';
  }
}

/** Adds a policy or changes it. */
export async function set(context: Context): Promise<void> {
  const { given } = context;
  const name = given.argument(1);
  const duration = given.argument(2);
  const shardDuration = given.text('shard-duration');
  const policy: Policy = { name, duration, ...(shardDuration === undefined ? {} : { shardDuration }) };
  await allowLoss(context, name, duration);
  await changeAddon(context, given.argument(0), `retention policy ${name} of ${duration}`, ({ spec }) => ({
    retentionPolicies: [...(spec.retentionPolicies ?? []).filter((each) => each.name !== name), policy],
    ...(given.flag('default') ? { defaultRetentionPolicy: name } : {}),
  }));
}

/** Takes a policy out of the spec; with --allow-data-loss also one that has data. */
export async function remove(context: Context): Promise<void> {
  const { given } = context;
  const name = given.argument(1);
  await refuseUnknown(context, name);
  await allowLoss(context, name, 'removed');
  await changeAddon(
    context,
    given.argument(0),
    `retention policy ${name} is dropped`,
    ({ spec }): SpecPatch => {
      const kept = (spec.retentionPolicies ?? []).filter((each) => each.name !== name);
      // A default that is gone would be refused: the engine's own takes its place.
      return spec.defaultRetentionPolicy === name
        ? { retentionPolicies: kept, defaultRetentionPolicy: null }
        : { retentionPolicies: kept };
    },
  );
}

async function refuseUnknown(context: Context, name: string): Promise<void> {
  const { spec } = await findAddon(await context.cluster(), context.given.argument(0));
  const names = (spec.retentionPolicies ?? []).map((policy) => policy.name);
  if (!names.includes(name))
    throw new CliError(
      EXIT.notFound,
      `the spec has no retention policy ${name}; it has: ${names.join(', ') || 'none'}`,
    );
}

/** Before the spec, so that the operator never sees the one without the other. */
async function allowLoss(context: Context, name: string, change: string): Promise<void> {
  if (!context.given.flag('allow-data-loss')) return;
  const cluster = await context.cluster();
  const addon = await findAddon(cluster, context.given.argument(0));
  await annotate(cluster, addon, { [Annotation.allowDataLoss]: `${name}=${change}` });
}
