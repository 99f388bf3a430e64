import { isDeepStrictEqual } from 'node:util';
import { aliasOf, placementOf, prefixOf, tlsModeOf } from '../../api/addon-defaults.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import type { Children } from '../world/children.ts';
import type { InForce } from '../world/facts.ts';

/** Whoever reads that a spec is refused reads also what of it is not in force: what is still open to others first. */
export function withheldStep({
  world,
  asked,
  target,
  refusal,
  leaving,
  held,
}: Scene & {
  readonly asked: Live<InfluxAddon>;
  readonly target: InForce;
  readonly refusal: Refusal | undefined;
  /** Says itself what waits. */
  readonly leaving: Refusal | undefined;
  readonly held: ReadonlySet<keyof Children>;
}): { readonly refusal: Refusal } | undefined {
  if (refusal === undefined || leaving !== undefined) return undefined;
  const fields = withheld(asked, world.addon, target, held);
  if (fields.length === 0) return undefined;
  const list = fields.map((field) => `spec.${field}`).join(', ');
  const message = `${refusal.message.replace(/[.\s]+$/, '')}. Not in force until then: ${list}.`;
  return { refusal: { ...refusal, message } };
}

/** Fields of the spec that differ from what is in force. */
function withheld(
  asked: Live<InfluxAddon>,
  accepted: Live<InfluxAddon>,
  { plan, version, tls }: InForce,
  held: ReadonlySet<keyof Children>,
): string[] {
  const { spec } = asked;
  const isVersion = spec.version === undefined || `${version.name}.`.startsWith(`${spec.version}.`);
  const isSame = (of: (addon: Live<InfluxAddon>) => unknown) => isDeepStrictEqual(of(asked), of(accepted));
  const differs: [field: string, differs: boolean][] = [
    ['internetAccess', held.has('externalService')],
    ['access', held.has('networkPolicy')],
    ['tls', (tlsModeOf(asked) === 'Required') !== (tls === 'Required')],
    ['plan', spec.plan !== plan.name],
    ['version', !isVersion],
    ['connection', !isSame(prefixOf) || !isSame(aliasOf)],
    ['placement', !isSame(placementOf)],
  ];
  return differs.filter(([, does]) => does).map(([field]) => field);
}
