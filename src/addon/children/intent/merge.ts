import { hash } from 'node:crypto';
import type { PodTemplateSpec, ServiceSpec } from 'kubernetes-types/core/v1.js';
import { allDifferences, contains, firstDifference } from '../../../kube/objects/contains.ts';
import type { StatefulSet } from '../../../kube/objects/kinds.ts';
import type { KubeObject, Live, ObjectMeta } from '../../../kube/objects/types.ts';
import { hashOf } from '../../world/hash.ts';
import { ADDON_LABEL, ANNOTATION, INSTANCE_LABEL, KEEP } from '../../world/names.ts';
import { withAdditions } from './additions.ts';
import { additionsOf, isAsRendered, RESTARTED_AT, unpackTemplate } from './rendered.ts';

/** A child as some builder wants it; the union of the shapes that merging looks into. */
interface Child extends KubeObject {
  spec?: object | undefined;
  data?: object | undefined;
  type?: string | undefined;
}

/** Fields that the API server fills in and that a replacement has to carry over, or that nobody may change. */
const CARRIED: Readonly<Record<string, readonly string[]>> = {
  Service: [
    'clusterIP',
    'clusterIPs',
    'ipFamilies',
    'ipFamilyPolicy',
    'internalTrafficPolicy',
    'sessionAffinity',
    // Of load balancers: chosen once by the cluster, and never to be changed.
    'loadBalancerClass',
    'allocateLoadBalancerNodePorts',
  ],
  StatefulSet: [
    'serviceName',
    'selector',
    'podManagementPolicy',
    'volumeClaimTemplates',
    'persistentVolumeClaimRetentionPolicy',
  ],
  PersistentVolumeClaim: [
    'accessModes',
    'storageClassName',
    'volumeMode',
    'volumeName',
    'selector',
    'dataSource',
    'dataSourceRef',
  ],
};

/** Parts to which the API server adds nothing: what is there beyond the intent, somebody put there. */
const CLOSED: Readonly<Record<string, (object: Child) => unknown>> = {
  // What else leads to the database, and who may come from outside.
  Service: ({ spec }) => {
    const { selector, externalIPs, loadBalancerSourceRanges, ports } = (spec ?? {}) as ServiceSpec;
    const numbers = ports?.map(({ name, port }) => ({ name, port }));
    return { selector, externalIPs, loadBalancerSourceRanges, ports: numbers };
  },
  NetworkPolicy: ({ spec }) => spec,
};

/** Adds the hash of the intent, by which a later pass notices fields that the intent no longer has. */
export function withIntentHash<T extends Child>(intent: T): T {
  // A pod template counts by its packed form, an annotation: the cache may hold a stand-in for it.
  const packed = intent.metadata?.annotations?.[ANNOTATION.rendered] !== undefined;
  const hashed = packed ? { ...intent, spec: { ...intent.spec, template: undefined } } : intent;
  const annotations = { ...intent.metadata?.annotations, [ANNOTATION.intent]: hashOf(hashed) };
  return { ...intent, metadata: { ...intent.metadata, annotations } };
}

/** Why the live object has to be replaced, as a path, or undefined when it is as intended. */
export function difference<T extends Child>(live: Live<T>, intent: T): string | undefined {
  return differences(live, intent)[0];
}

/** By the state of a child, a digest of the intent that it was found to be as: neither of them ever changes. */
const asIntended = new WeakMap<object, string>();

/** The paths of all that differs; what nobody may have put there is told by the first of it. */
export function differences<T extends Child>(live: Live<T>, intent: T): string[] {
  const digest = hash('sha256', JSON.stringify(intent), 'base64url');
  if (asIntended.get(live) === digest) return [];
  const found = newlyCompared(live, intent);
  if (found.length === 0) asIntended.set(live, digest);
  return found;
}

function newlyCompared<T extends Child>(live: Live<T>, intent: T): string[] {
  const found = pathsOf(live, intent);
  if (found.length === 0 || live.metadata.labels?.[INSTANCE_LABEL] === undefined) return found;
  const before = asBefore(intent);
  return before !== undefined && pathsOf(live, before).length === 0 ? [] : found;
}

/**
 * What outlives its addon, as an earlier release made it: it bears a label for which GitOps tools prune. The label goes
 * with the next write that is due anyway, so that no upgrade writes to every addon.
 */
function asBefore<T extends Child>(intent: T): T | undefined {
  const { labels, annotations, ownerReferences, ...metadata } = intent.metadata ?? {};
  const instance = labels?.[ADDON_LABEL];
  if (ownerReferences !== undefined || instance === undefined) return undefined;
  const others = Object.entries(annotations ?? {}).filter(([key]) => !(key in KEEP));
  const had = others.length === 0 ? {} : { annotations: Object.fromEntries(others) };
  return { ...intent, metadata: { ...metadata, labels: { ...labels, [INSTANCE_LABEL]: instance }, ...had } };
}

function pathsOf<T extends Child>(live: Live<T>, intent: T): string[] {
  const wanted = withIntentHash(intent);
  const liveData = Object.keys(live.data ?? {});
  const extra = liveData.find((key) => intent.data !== undefined && !(key in intent.data));
  const closed = CLOSED[intent.kind ?? ''];
  const surplus = closed === undefined ? undefined : firstDifference(closed(intent), closed(live));
  const compared = { ...comparable(live, wanted), metadata: metaIntent(wanted.metadata) };
  const { ownerReferences: owners = [], ...metadata } = compared.metadata;
  const isUnowned = owners.some(
    (owner) => !(live.metadata.ownerReferences ?? []).some((each) => contains(each, owner)),
  );
  return [
    ...(extra === undefined ? [] : [`data.${extra}`]),
    ...(surplus === undefined ? [] : [`spec: ${surplus}`]),
    ...(isUnowned ? ['metadata.ownerReferences'] : []),
    ...allDifferences(live, { ...compared, metadata }),
  ];
}

/**
 * The body of a PUT that makes the live object what the intent says. A replacement rather than a server-side apply,
 * since fields set by the POST that made the object belong to that write for ever and an apply could not remove them.
 * Labels and annotations of others stay, and so does what they added to a pod template; what the API server allocated
 * and what is immutable is carried over.
 */
export function replacement<T extends Child>(live: Live<T>, intent: T): T {
  const wanted = withIntentHash(intent);
  const { uid, resourceVersion, finalizers, name, namespace } = live.metadata;
  const passedOn = live.metadata.annotations?.[ANNOTATION.passedOn]?.split(' ');
  const metadata: ObjectMeta = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid,
    resourceVersion,
    labels: { ...foreign(live.metadata.labels, formerly(live, wanted)), ...wanted.metadata?.labels },
    annotations: { ...foreign(live.metadata.annotations, passedOn), ...wanted.metadata?.annotations },
    ...(finalizers === undefined ? {} : { finalizers }),
    ...ownersOf(live, wanted),
  };
  return {
    ...withOthers(live, comparable(live, unpacked(wanted))),
    apiVersion: intent.apiVersion,
    kind: intent.kind,
    metadata,
  };
}

/** The intent with what is carried over from the live object laid into its spec. */
function comparable<T extends Child>(live: Live<T>, intent: T): T {
  const carried = CARRIED[intent.kind ?? ''] ?? [];
  const liveSpec = (live.spec ?? {}) as Record<string, unknown>;
  const kept = Object.fromEntries(
    carried.filter((key) => liveSpec[key] !== undefined).map((key) => [key, liveSpec[key]]),
  );
  return {
    ...intent,
    ...(intent.spec === undefined
      ? {}
      : { spec: { ...intent.spec, ...kept, ...keptRestart(liveSpec, intent.spec) } }),
    ...(live.type === undefined ? {} : { type: live.type }),
  };
}

/** With what others have added to the pod template. */
function withOthers<T extends Child>(live: Live<T>, intent: T): T {
  const spec = intent.spec as { template?: PodTemplateSpec } | undefined;
  if (spec?.template === undefined) return intent;
  const added = additionsOf(live as unknown as Live<StatefulSet>);
  return { ...intent, spec: { ...spec, template: withAdditions(spec.template, added) } };
}

/** With the pod template itself in the place of its stand-in. */
function unpacked<T extends Child>(intent: T): T {
  const spec = intent.spec as { template?: PodTemplateSpec } | undefined;
  if (!isAsRendered(spec?.template)) return intent;
  const template = unpackTemplate(intent.metadata?.annotations?.[ANNOTATION.rendered]);
  return { ...intent, spec: { ...spec, template } };
}

/** The mark of `kubectl rollout restart`: a user's wish; taking it away would restart the database once more. */
function keptRestart(
  live: { template?: PodTemplateSpec },
  intent: { template?: PodTemplateSpec },
): { template?: PodTemplateSpec } {
  const mark = live.template?.metadata?.annotations?.[RESTARTED_AT];
  if (mark === undefined || intent.template === undefined) return {};
  const metadata = intent.template.metadata;
  const annotations = { ...metadata?.annotations, [RESTARTED_AT]: mark };
  return { template: { ...intent.template, metadata: { ...metadata, annotations } } };
}

function metaIntent(metadata: ObjectMeta | undefined): ObjectMeta {
  const { labels, annotations, ownerReferences } = metadata ?? {};
  return {
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(ownerReferences === undefined ? {} : { ownerReferences }),
  };
}

/** What others wrote, without what was ours to write. */
function foreign(
  entries: Record<string, string> | undefined,
  passedOn: readonly string[] = [],
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(entries ?? {}).filter(
      ([key]) => !key.startsWith('influxaddon.dev/') && !passedOn.includes(key),
    ),
  );
}

/** An earlier release labelled what outlives its addon like everything else. */
function formerly({ metadata }: KubeObject, wanted: KubeObject): string[] {
  const addon = wanted.metadata?.labels?.[ADDON_LABEL];
  return addon !== undefined && metadata?.labels?.[INSTANCE_LABEL] === addon ? [INSTANCE_LABEL] : [];
}

function ownersOf(live: KubeObject, wanted: KubeObject): Pick<ObjectMeta, 'ownerReferences'> {
  const ours = wanted.metadata?.ownerReferences ?? [];
  const others = (live.metadata?.ownerReferences ?? []).filter((owner) => owner.kind !== 'InfluxAddon');
  return ours.length + others.length === 0 ? {} : { ownerReferences: [...others, ...ours] };
}
