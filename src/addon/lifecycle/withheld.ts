import { isDeepStrictEqual } from 'node:util';
import {
  aliasOf,
  appsOf,
  autoGrowOf,
  continuousQueriesOf,
  defaultRetentionPolicyOf,
  placementOf,
  prefixOf,
  tlsModeOf,
  usersOf,
  type BoundApp,
} from '../../api/addon-defaults.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import { wishesOf } from '../../contents/wishes.ts';
import type { Live } from '../../kube/objects/types.ts';
import { appEntries } from '../apps/entries.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import type { Children } from '../world/children.ts';
import type { InForce } from '../world/facts.ts';
import { keyOf } from '../world/names.ts';
import type { World } from '../world/world.ts';

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
  const fields = withheld(asked, world, target, held);
  if (fields.length === 0) return undefined;
  const list = fields.map((field) => `spec.${field}`).join(', ');
  const message = `${refusal.message.replace(/[.\s]+$/, '')}. Not in force until then: ${list}.`;
  return { refusal: { ...refusal, message } };
}

/** Fields of the spec that differ from what is in force. */
function withheld(
  asked: Live<InfluxAddon>,
  { addon: accepted, memory }: Pick<World, 'addon' | 'memory'>,
  { plan, version, tls, certificate }: InForce,
  held: ReadonlySet<keyof Children>,
): string[] {
  const { spec } = asked;
  const isVersion = spec.version === undefined || `${version.name}.`.startsWith(`${spec.version}.`);
  const isSame = (of: (addon: Live<InfluxAddon>) => unknown) => isDeepStrictEqual(of(asked), of(accepted));
  const isListSame = (of: (addon: Live<InfluxAddon>) => readonly { name: string }[]) =>
    isSame((addon) => of(addon).toSorted((a, b) => (a.name < b.name ? -1 : 1)));
  const bound = appEntries({ addon: asked, memory }).filter(({ revision }) => revision !== undefined);
  const isNewApp = (app: BoundApp) => !bound.some((entry) => keyOf(entry) === keyOf(app));
  const ownCertificate = tls === 'Required' ? certificate?.name : spec.tls?.certificateRef?.name;
  const differs: [field: string, differs: boolean][] = [
    ['users', !isListSame(usersOf)],
    ['internetAccess', held.has('externalService')],
    ['access', held.has('networkPolicy')],
    ['tls', (tlsModeOf(asked) === 'Required') !== (tls === 'Required')],
    ['tls.certificateRef', spec.tls?.certificateRef?.name !== ownCertificate],
    ['plan', spec.plan !== plan.name],
    ['version', !isVersion],
    ['connection', !isSame(prefixOf) || !isSame(aliasOf)],
    ['placement', !isSame(placementOf)],
    ['apps', appsOf(asked).some(isNewApp)],
    ['retentionPolicies', !isListSame((addon) => wishesOf(addon).retentionPolicies)],
    ['defaultRetentionPolicy', !isSame(defaultRetentionPolicyOf)],
    ['continuousQueries', !isListSame(continuousQueriesOf)],
    ['storage.autoGrow', !isSame(autoGrowOf)],
  ];
  return differs.filter(([, does]) => does).map(([field]) => field);
}
