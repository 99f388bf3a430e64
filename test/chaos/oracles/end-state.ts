import { decode } from '../../../src/addon/world/secret-data.ts';
import { childNames } from '../../../src/addon/world/names.ts';
import { InfluxBackup, InfluxBackupStore, InfluxRestore } from '../../../src/api/kinds.ts';
import { Pod, Secret, StatefulSet } from '../../../src/kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../../src/kube/objects/types.ts';
import { databaseState } from '../lab/database.ts';
import type { Lab } from '../lab/lab.ts';
import { MARK } from '../lab/write.ts';
import { ownPatch, ownPlan } from '../lab/stage.ts';
import { type Flat, flatten } from './flat.ts';

/**
 * All that there is in a namespace at the end, and how often things were made on the way, in a form in which two runs
 * can be compared: Secrets in clear, and what is drawn by chance replaced by what it is.
 */
export async function endState(
  lab: Lab,
  namespace: string,
  number: number,
  podsDeleted: number,
): Promise<Flat> {
  const objects = [...lab.recorder.objects(namespace)].filter(([, object]) => isCompared(object));
  const addons = lab.recorder.addons(namespace).map(({ metadata }) => metadata.name);
  const databases: Record<string, unknown> = {};
  for (const addon of addons) databases[addon] = await databaseState(lab, namespace, addon);
  const state = {
    objects: Object.fromEntries(objects.map(([key, object]) => [key, plain(object)])),
    databases,
    stores: lab.stores.state(namespace),
    history: { ...historyOf(lab, namespace), podsDeleted },
  };
  return flatten(named(state, symbols(lab, namespace, addons, number)));
}

/**
 * Pods and Secrets of others come and go by themselves; a database's pod is called by its addon. How often a store is
 * looked at goes by the clock.
 */
function isCompared({ kind, metadata }: Live<KubeObject>): boolean {
  if (kind === 'Job') return !/^(check|list)-/.test(metadata.name);
  return kind !== 'Pod' || metadata.name.endsWith('-influx-0');
}

function plain(object: Live<KubeObject>): unknown {
  const { metadata, ...rest } = object;
  const data = object.kind === 'Secret' ? { data: decode(object as Secret) } : {};
  // Volumes are bound by whoever is first, Kubernetes' binder or the fake node, and each leaves its own marks.
  const annotations = Object.entries(metadata.annotations ?? {}).filter(
    ([key]) => !/^(pv|volume(\.beta)?)\.kubernetes\.io\//.test(key),
  );
  return { ...rest, ...data, metadata: { ...metadata, annotations: Object.fromEntries(annotations) } };
}

/**
 * How many objects of a kind there have been, by name. Of pods, how often their template changed: the StatefulSet
 * controller is known to make a pod of the old template once more while its own status is behind.
 */
function historyOf(lab: Lab, namespace: string): Record<string, unknown> {
  const made = new Map<string, string[]>();
  for (const { kind, object } of lab.recorder.history(namespace)) {
    if (!isCompared(object)) continue;
    const { name, uid, labels } = object.metadata;
    const marks = made.get(`${kind}/${name}`) ?? [];
    made.set(`${kind}/${name}`, marks);
    const mark = kind === 'Pod' ? (labels?.['controller-revision-hash'] ?? '') : uid;
    if (kind === 'Pod' ? marks.at(-1) !== mark : !marks.includes(mark)) marks.push(mark);
  }
  return Object.fromEntries([...made].map(([key, marks]) => [key, { made: marks.length }]));
}

/** Kinds after whose objects others are called. */
const TASKS = new Set([InfluxBackup.kind, InfluxBackupStore.kind, InfluxRestore.kind]);

/** What was drawn by chance in this run, the longest first, with what it stands for. */
function symbols(lab: Lab, namespace: string, addons: readonly string[], number: number): [string, string][] {
  const found = new Map([
    [ownPlan(number), '«plan of its own»'],
    [ownPatch(number), '«patch of its own»'],
  ]);
  for (const addon of addons) {
    const names = childNames(addon);
    const admin = decode(lab.recorder.get(Secret, namespace, names.adminSecret));
    for (const key of ['username', 'id', 'password', 'admin-password'])
      found.set(admin[key] ?? '', `«${key} of ${addon}»`);
    const pod = lab.recorder.get(Pod, namespace, names.pod);
    found.set(pod?.status?.podIP ?? '', `«address of ${addon}»`);
    const set = lab.recorder.get(StatefulSet, namespace, names.statefulSet);
    found.set(set?.metadata.uid ?? '', `«StatefulSet of ${addon}»`);
  }
  for (const { metadata } of lab.recorder.addons(namespace))
    found.set(metadata.uid, `«uid of ${metadata.name}»`);
  for (const object of lab.recorder.objects(namespace).values())
    if (object.kind === 'PersistentVolumeClaim')
      found.set(object.metadata.uid, `«uid of ${object.metadata.name}»`);
  for (const { kind, object } of lab.recorder.history(namespace)) {
    const { name, uid } = object.metadata;
    for (const [mark] of name.matchAll(MARK)) found.set(mark, '-«mark»');
    if (TASKS.has(kind)) found.set(uid, `«uid of ${kind} ${name.replaceAll(MARK, '')}»`);
  }
  found.set(namespace, '«namespace»');
  found.delete('');
  return [...found].toSorted(([a], [b]) => b.length - a.length);
}

function named(value: unknown, known: readonly [string, string][]): unknown {
  if (typeof value === 'string') return known.reduce((text, [from, to]) => text.replaceAll(from, to), value);
  if (Array.isArray(value)) return value.map((each) => named(each, known));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [named(key, known), named(each, known)]),
  );
}
