import { stateOf, variablesOf } from '../../api/addon-defaults.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Outcome } from '../decision/outcome.ts';
import type { Scene } from '../decision/story.ts';
import { startsOf } from '../pod/starting.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { ANNOTATION, childNames, keyOf } from '../world/names.ts';
import { decode } from '../world/secret-data.ts';
import type { Workload, World } from '../world/world.ts';
import { appEntries } from './entries.ts';
import { appRevision } from './revision.ts';
import { injectedNames } from './variables.ts';
import { isRolledOut } from './view.ts';

/** Keys of the Secret for apps that had another name in the spec once, for pods that are started with them yet. */
export interface FormerKeys {
  /** Since when each is a former one, RFC 3339. */
  readonly since: Readonly<Record<string, string>>;
  /** By `Kind/name` of an app: those that its template names. */
  readonly named: ReadonlyMap<string, readonly string[]>;
  /** When the next one may go, milliseconds from now; Infinity when none goes by the time. */
  readonly wakeMs: number;
}

/** For whoever reads the Secret and is not in `spec.apps`. */
const KEPT_AT_LEAST_MS = 24 * 3_600_000;

/**
 * A key that goes while a template names it keeps every new pod of the app from starting, at the next eviction or when
 * it is scaled. So the keys of before stay beside those of now until no bound app's template names them.
 */
export function formerKeysStep({
  world,
  facts,
  target,
  now,
}: Scene & { readonly facts: Facts; readonly target: InForce }): { readonly formerKeys: FormerKeys } {
  const candidates = candidatesOf(world, facts, now);
  if (candidates.size === 0)
    return { formerKeys: { since: {}, named: new Map<string, string[]>(), wakeMs: Infinity } };
  const revision = appRevision(world, facts, target, startsOf(world.addon.status, stateOf(world.addon)));
  const entries = new Map(appEntries(world).map((entry) => [keyOf(entry), entry]));
  const named = new Map<string, string[]>();
  let rolling = false;
  for (const [app, workload] of world.apps) {
    const followed = entries.get(app)?.revision === revision;
    const keys = [...candidates.keys()].filter((key) => names(world, workload, key, followed));
    if (keys.length > 0) named.set(app, keys);
    // Pods of its former template may have to be started again.
    rolling ||= !isRolledOut(workload);
  }
  const inUse = new Set([...named.values()].flat());
  const leftMs = (since: string) => Date.parse(since) + KEPT_AT_LEAST_MS - now.getTime();
  const kept = [...candidates].filter(([key, since]) => rolling || inUse.has(key) || leftMs(since) > 0);
  const wakes = kept.map(([, since]) => leftMs(since)).filter((ms) => ms > 0);
  return {
    formerKeys: { since: Object.fromEntries(kept), named, wakeMs: Math.min(Infinity, ...wakes) },
  };
}

/** Nothing need happen for a key to go: its time may be up first. */
export function untilKeysGo(
  { formerKeys: { wakeMs } }: { readonly formerKeys: FormerKeys },
  outcome: Outcome,
): Outcome {
  if (outcome.ends === 'Act' || wakeMs === Infinity) return outcome;
  return { ...outcome, requeueAfterMs: Math.min(wakeMs, outcome.requeueAfterMs ?? Infinity) };
}

/** The former keys of an app's template, for people; undefined when it names none. */
export function formerKeyMessage(
  { addon }: Pick<World, 'addon'>,
  { named }: FormerKeys,
  app: { readonly kind: string; readonly name: string },
): string | undefined {
  const keys = named.get(keyOf(app));
  if (keys === undefined) return undefined;
  const { urlSecret } = childNames(addon.metadata.name);
  return `${app.kind} ${app.name} names ${keys.join(' and ')} of Secret ${urlSecret}, as it was called before: it stays there until no app does; now it is ${variablesOf(addon)[0]}`;
}

/** Of the record on the Secret, of what is in it beyond the wish, and, were both lost, of what was injected. */
function candidatesOf(world: World, facts: Facts, now: Date): Map<string, string> {
  const { addon, children, apps } = world;
  const wanted = variablesOf(addon);
  const recorded = recordOf(children.urlSecret?.metadata.annotations?.[ANNOTATION.formerKeys]);
  const present = Object.entries(decode(children.urlSecret)).filter(
    ([key, value]) => !wanted.includes(key) && isVariable(key) && isUrlOf(facts.id, value),
  );
  const injected = appEntries(world)
    .filter((entry) => entry.injectedTemplate !== undefined)
    .flatMap((entry) => containersOf(apps.get(keyOf(entry))))
    .flatMap((each) => injectedNames(each, childNames(addon.metadata.name).urlSecret))
    .filter(isVariable);
  const keys = [...Object.keys(recorded), ...present.map(([key]) => key), ...injected];
  const at = now.toISOString();
  return new Map(
    [...new Set(keys)]
      .filter((key) => !wanted.includes(key))
      .toSorted()
      .map((key) => [key, recorded[key] ?? at]),
  );
}

/** What is read of the whole Secret names every key, until the app is restarted for what is in it now. */
function names(world: World, workload: Live<Workload>, key: string, followed: boolean): boolean {
  const secret = childNames(world.addon.metadata.name).urlSecret;
  const containers = containersOf(workload);
  const byKey = containers
    .flatMap(({ env = [] }) => env)
    .some(
      ({ valueFrom: { secretKeyRef } = {} }) => secretKeyRef?.name === secret && secretKeyRef.key === key,
    );
  if (byKey) return true;
  const sources = (workload.spec?.template.spec?.volumes ?? []).flatMap((volume) => [
    ...(volume.secret?.secretName === secret ? [volume.secret] : []),
    ...(volume.projected?.sources ?? []).flatMap((source) =>
      source.secret?.name === secret ? [source.secret] : [],
    ),
  ]);
  if (sources.some(({ items }) => items?.some((item) => item.key === key))) return true;
  if (followed) return false;
  return (
    sources.some(({ items }) => items === undefined) ||
    containers.some(({ envFrom }) => envFrom?.some(({ secretRef }) => secretRef?.name === secret))
  );
}

function containersOf(workload: Live<Workload> | undefined) {
  const { containers = [], initContainers = [] } = workload?.spec?.template.spec ?? {};
  return [...containers, ...initContainers];
}

function isVariable(key: string): boolean {
  return /^[A-Z][A-Z0-9_]*_URL$/.test(key);
}

function isUrlOf(id: string, value: string): boolean {
  return URL.canParse(value) && new URL(value).pathname === `/${id}`;
}

function recordOf(text: string | undefined): Readonly<Record<string, string>> {
  try {
    const entries = Object.entries(JSON.parse(text ?? '{}') as Record<string, unknown>);
    return Object.fromEntries(
      entries.filter(
        (entry): entry is [string, string] =>
          isVariable(entry[0]) && typeof entry[1] === 'string' && !Number.isNaN(Date.parse(entry[1])),
      ),
    );
  } catch {
    return {}; // an edited record: what is in the Secret is a former key from now on
  }
}
