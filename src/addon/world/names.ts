import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { OwnerReference } from 'kubernetes-types/meta/v1.js';
import type { Live, ObjectMeta } from '../../kube/objects/types.ts';

export const MANAGED_BY = 'influxaddon-operator';
export const ADDON_LABEL = 'influxaddon.dev/addon';
/** Selects everything the operator makes; its caches of Secrets, pods and claims hold nothing else. */
export const OWNED_SELECTOR = `app.kubernetes.io/managed-by=${MANAGED_BY},${ADDON_LABEL}`;
/** What a Job does. The caches of Jobs and of their pods hold those that have it. */
export const TASK_LABEL = 'influxaddon.dev/task';
export const TASK_SELECTOR = `app.kubernetes.io/managed-by=${MANAGED_BY},${TASK_LABEL}`;
/** The init container that makes or heals the administrator, and the container of the engine. */
export const BOOTSTRAP_CONTAINER = 'bootstrap';
export const ENGINE_CONTAINER = 'influxdb';
/** The container that forwards backups, beside the engine's. */
export const AGENT_CONTAINER = 'agent';
export const FINALIZER = 'influxaddon.dev/operator';

export const ANNOTATION = {
  /** Hash of what the operator last wanted of a child, so that removed fields are noticed. */
  intent: 'influxaddon.dev/intent',
  /** The pod template as it was rendered: a newer operator does not render it anew by itself. */
  rendered: 'influxaddon.dev/rendered-template',
  /** Hash of everything a user or the catalogue decided that went into the rendered template. */
  renderedFor: 'influxaddon.dev/rendered-for',
  /** On the StatefulSet: the second copy of what is in force, for when the admin Secret is lost. */
  inForce: 'influxaddon.dev/in-force',
  /** Durable facts on the claim. */
  id: 'influxaddon.dev/id',
  openedBy: 'influxaddon.dev/opened-by-version',
  planStorage: 'influxaddon.dev/plan-storage',
  /** On the claim: when it was last asked to grow because it was filling, RFC 3339. */
  grownAt: 'influxaddon.dev/grown-at',
  /** UID of the addon that the claim, or the admin Secret, was first made for: a kept one has somebody else's. */
  madeFor: 'influxaddon.dev/made-for',
  /** On the claim: for which loss an empty volume was made. */
  startedEmpty: 'influxaddon.dev/started-empty',
  /** On a claim that never had a volume and was made again: for which class. */
  madeAgainFor: 'influxaddon.dev/made-again-for',
  /** Name of the backup that the volume was filled from when it was new. */
  restoredFrom: 'influxaddon.dev/restored-from',
  /** UID of the InfluxRestore that made the claim. */
  restoredBy: 'influxaddon.dev/restored-by',
  /** On the pod: a hash of whom clients have to trust, when the certificate is the user's own. */
  certificate: 'influxaddon.dev/certificate-trust',
  /** On the pod: a hash of the names outside the cluster that it was started for. */
  external: 'influxaddon.dev/external-names',
  /** On a child: keys of annotations that the addon gave it, so that they go with the addon's wish. */
  passedOn: 'influxaddon.dev/passed-on',
  /** On the Secret for apps: the keys that were called otherwise in the spec once, and since when; only while it has any. */
  formerKeys: 'influxaddon.dev/former-keys',
  /** On the pod: which maintenance restarted it for something that is not in its template. */
  restarted: 'influxaddon.dev/restarted-at',
  /** On the pod: the token that it was made for. */
  restartedFor: 'influxaddon.dev/restarted-for',
} as const;

/** On an InfluxBackup that was found in a store: what was found, as JSON. */
export const LISTED = 'influxaddon.dev/listed';

/** On a pod that was started with a certificate for the names outside the cluster: the way in leads to no other. */
export const EXTERNAL_LABEL = 'influxaddon.dev/external';

/** Annotation key on an app's pod template; its value is the revision the app was last restarted for. */
export function restartedForKey(addonName: string): string {
  return `restarted-for.influxaddon.dev/${addonName}`;
}

/** What that value is of the second restart for a revision. */
export function againFor(revision: string): string {
  return `${AGAIN}${revision}`;
}

/** The revision of such a value, whichever restart it is of. */
export function revisionOfMark(mark: string | undefined): string | undefined {
  return mark?.startsWith(AGAIN) === true ? mark.slice(AGAIN.length) : mark;
}

const AGAIN = 'again-';

export interface ChildNames {
  readonly statefulSet: string;
  readonly service: string;
  readonly urlSecret: string;
  readonly networkPolicy: string;
  readonly adminSecret: string;
  readonly adminCopy: string;
  readonly bindingSecret: string;
  readonly tlsSecret: string;
  readonly agentSecret: string;
  readonly externalService: string;
  readonly claim: string;
  readonly pod: string;
}

/** The names of everything made for an addon. An app is often called like its addon, hence the infix. */
export function childNames(addonName: string): ChildNames {
  const base = `${addonName}-influx`;
  return {
    statefulSet: base,
    service: base,
    urlSecret: base,
    networkPolicy: base,
    adminSecret: `${base}-admin`,
    adminCopy: `${base}-admin-copy`,
    bindingSecret: `${base}-binding`,
    tlsSecret: `${base}-tls`,
    agentSecret: `${base}-agent`,
    externalService: `${base}-external`,
    claim: `${base}-data`,
    pod: `${base}-0`,
  };
}

/** The Secret of a user of `spec.users`. */
export function userSecretName(addonName: string, user: string): string {
  return `${addonName}-influx-user-${user}`;
}

/** By it GitOps tools know what is theirs, and delete what is not in git and has no owner. */
export const INSTANCE_LABEL = 'app.kubernetes.io/instance';
/** Argo CD leaves what has these out of its comparison, and neither prunes nor deletes it. */
export const KEEP = {
  'argocd.argoproj.io/compare-options': 'IgnoreExtraneous',
  'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
} as const;

/** The five recommended labels and our own. */
export function labelsOf(addonName: string): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'influxdb',
    [INSTANCE_LABEL]: addonName,
    'app.kubernetes.io/component': 'database',
    'app.kubernetes.io/part-of': 'influxaddon',
    'app.kubernetes.io/managed-by': MANAGED_BY,
    [ADDON_LABEL]: addonName,
  };
}

/** Selects the database's pod. */
export function podLabels(addonName: string): Record<string, string> {
  return { 'app.kubernetes.io/name': 'influxdb', [ADDON_LABEL]: addonName };
}

function ownerReference(addon: Live<InfluxAddon>): OwnerReference {
  return {
    apiVersion: 'influxaddon.dev/v1alpha1',
    kind: 'InfluxAddon',
    name: addon.metadata.name,
    uid: addon.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Metadata of a child that goes with its addon. */
export function ownedMeta(addon: Live<InfluxAddon>, name: string): ObjectMeta {
  const { namespace = '' } = addon.metadata;
  const labels = labelsOf(addon.metadata.name);
  return { name, namespace, labels, ownerReferences: [ownerReference(addon)] };
}

/**
 * Metadata of a child that may outlive its addon: no owner, so that garbage collection never takes it, and nothing for
 * which a GitOps tool would take it for its own.
 */
export function keptMeta(
  addon: Live<InfluxAddon>,
  name: string,
): ObjectMeta & Required<Pick<ObjectMeta, 'labels' | 'annotations'>> {
  const { namespace = '' } = addon.metadata;
  return { name, namespace, labels: keptLabels(addon.metadata.name), annotations: { ...KEEP } };
}

export function keptLabels(addonName: string): Record<string, string> {
  const { [INSTANCE_LABEL]: _, ...labels } = labelsOf(addonName);
  return labels;
}

/** `Kind/name`. */
export function keyOf({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind}/${name}`;
}
