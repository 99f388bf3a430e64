import { acting, telling, type Outcome } from '../decision/outcome.ts';
import { blockedPicture } from '../decision/picture.ts';
import type { Scene } from '../decision/story.ts';
import { hadData } from '../identity/had-data.ts';
import { Annotation } from '../../api/annotations.ts';
import type { InfluxAddonStatus } from '../../api/influx-addon.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Action } from '../decision/action.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { activeFindings } from '../decision/findings.ts';
import { ANNOTATION, childNames } from '../world/names.ts';
import { STALLED_REASON } from '../../api/reasons.ts';
import { isUsernameOf } from '../identity/login.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { DatabaseState } from '../../influx/state.ts';
import type { World } from '../world/world.ts';

/*
 * An empty volume in the place of a lost one looks like a healthy database. So none takes it before somebody has said
 * that the data is given up, of this very loss.
 */

/** What became of the volume of a database that held data; undefined while it is there. */
export type Loss =
  /** The cache does not see it, which may be for want of a label. */
  | { readonly state: 'Look'; readonly action: Action }
  | { readonly state: 'Lost'; readonly refusal: Refusal }
  /** An empty one may take its place; `clear` is what stands in its way, `token` what it was given up with. */
  | { readonly state: 'GivenUp'; readonly token: string | undefined; readonly clear: readonly Action[] };

/** While a claim stays away it is looked for this often: somebody may have bound the volume again. */
export const LOOK_AGAIN_MS = 30_000;

export function lossOf(world: World, facts: Facts, target: InForce, nowMs: number): Loss | undefined {
  const { addon, children, memory } = world;
  const { claim } = children;
  // It moves to the volume of a restore: what it was on matters no more.
  if (facts.inForce !== undefined && facts.inForce.claim !== target.claim) return undefined;
  // Made for this addon, which never had anything on it: made again like one that is gone, without a word.
  if (
    isBroken(claim) &&
    !hadData(world) &&
    claim.metadata.annotations?.[ANNOTATION.madeFor] === addon.metadata.uid
  )
    return { state: 'GivenUp', token: undefined, clear: clearing(world, claim) };
  // One that somebody else made was bound to something: it goes only when that is given up.
  if (claim === undefined ? !hadData(world) : !isBroken(claim)) return undefined;
  const name = target.claim ?? childNames(addon.metadata.name).claim;
  const token = tokenOf(world);
  if (claim !== undefined) {
    const why = `The PersistentVolume under the volume claim ${name} is gone (its phase is Lost)`;
    if (!isGivenUp(world, token) || !isToldOf(addon.status, claim)) return lost(world, facts, target, why);
    return { state: 'GivenUp', token, clear: clearing(world, claim) };
  }
  const finding = activeFindings(world, nowMs).find(
    (each) => each.target === `PersistentVolumeClaim/${name}`,
  );
  if (finding !== undefined)
    return { state: 'Lost', refusal: { reason: finding.reason, message: finding.message } };
  const look = memory.claimLook?.name === name ? memory.claimLook : undefined;
  const age = look === undefined ? Infinity : nowMs - look.atMs;
  if (look === undefined || age >= LOOK_AGAIN_MS || age < 0) {
    const key = { name, namespace: addon.metadata.namespace ?? '' };
    return {
      state: 'Look',
      action: { do: 'findClaim', kind: kinds.PersistentVolumeClaim, key, id: facts.id },
    };
  }
  if (isGivenUp(world, token)) return { state: 'GivenUp', token, clear: [] };
  return lost(world, facts, target, `The volume claim ${name} is gone`);
}

/** What is lost when the engine that answers knows neither the database nor its user. */
export function lossInEngine(
  world: World,
  facts: Facts,
  target: InForce,
  { databases, users }: Pick<DatabaseState, 'databases' | 'users'>,
): Refusal | undefined {
  const isThere = databases.includes(facts.id) || users.some(({ name }) => isUsernameOf(facts.id, name));
  if (isThere || !hadData(world) || isGivenUp(world, tokenOf(world))) return undefined;
  const name = target.claim ?? childNames(world.addon.metadata.name).claim;
  const why = `The volume under the claim ${name} knows neither the database nor its user: it is empty, or another`;
  return lost(world, facts, target, why).refusal;
}

/**
 * What `start-empty` has to be for the loss of now: the UID of the claim that was lost, which status has when it is told.
 * Of one that nobody wrote down it is the addon's own, which no manifest has beforehand either; of a volume that was
 * given up once and is empty again it is spelled otherwise than the first time.
 */
function tokenOf({
  addon: { metadata, status },
  children: { claim },
}: Pick<World, 'addon' | 'children'>): string {
  const uid = (isBroken(claim) ? claim.metadata.uid : status?.storage?.uid) ?? metadata.uid;
  return status?.lastHandled?.startEmpty === uid ? `${uid}-again` : uid;
}

function isGivenUp({ addon, children }: World, token: string): boolean {
  return [addon, children.claim].some(
    (object, index) =>
      object?.metadata.annotations?.[index === 0 ? Annotation.startEmpty : ANNOTATION.startedEmpty] === token,
  );
}

function isBroken(
  claim: Live<kinds.PersistentVolumeClaim> | undefined,
): claim is Live<kinds.PersistentVolumeClaim> {
  return claim?.status?.phase === 'Lost';
}

/** The token that was acted on, once the database answers again. */
export function givenUpFor({ addon, children }: Pick<World, 'addon' | 'children'>): string | undefined {
  const token = addon.metadata.annotations?.[Annotation.startEmpty];
  return isTold(addon.status) && token === tokenOf({ addon, children }) ? token : undefined;
}

/** Status says that the data is lost. */
export function isTold(status: InfluxAddonStatus | undefined): boolean {
  const stalled = status?.conditions?.find(({ type }) => type === 'Stalled');
  return stalled?.status === 'True' && stalled.reason === STALLED_REASON.dataLost;
}

/**
 * Once the claim is gone, only status has its UID: one that is not written down first is asked for a second time. While
 * one that was told waits for its pod, nothing is told of it any more.
 */
function isToldOf(
  status: InfluxAddonStatus | undefined,
  { metadata }: Live<kinds.PersistentVolumeClaim>,
): boolean {
  const isOnce = isTold(status) || metadata.deletionTimestamp !== undefined;
  return isOnce && status?.storage?.uid === metadata.uid;
}

function lost(world: World, { id }: Facts, target: InForce, why: string): Extract<Loss, { state: 'Lost' }> {
  const message = [
    `${why}, and with it the data of ${id}. Nothing empty takes its place by itself. The ways out:`,
    '(1) an InfluxRestore of a backup.',
    `(2) If the PersistentVolume is still there: take its spec.claimRef away, delete a claim that has the name, and apply\n${claimYaml(world, id, target)}`,
    `(3) To start with an empty database: the annotation ${Annotation.startEmpty}: "${tokenOf(world)}".`,
  ].join('\n');
  return { state: 'Lost', refusal: { reason: STALLED_REASON.dataLost, message } };
}

/** The claim by which the volume of before is bound again. */
function claimYaml({ addon }: World, id: string, { claim, plan }: InForce): string {
  const { name, namespace } = addon.metadata;
  const { volume, className, actual, requested } = addon.status?.storage ?? {};
  const { accessMode = 'ReadWriteOncePod', size } = plan.spec.storage;
  return [
    'apiVersion: v1',
    'kind: PersistentVolumeClaim',
    'metadata:',
    `  name: ${claim ?? childNames(name).claim}`,
    `  namespace: ${namespace}`,
    `  annotations: { ${ANNOTATION.id}: "${id}" }`,
    'spec:',
    `  volumeName: ${volume ?? '<the PersistentVolume of before>'}`,
    `  storageClassName: "${className ?? plan.spec.storage.className ?? ''}"`,
    `  accessModes: [${accessMode}]`,
    `  resources: { requests: { storage: ${actual ?? requested ?? size} } }`,
  ].join('\n');
}

/** A claim without a volume has nothing left that could be saved. */
function clearing({ pod }: World, claim: Live<kinds.PersistentVolumeClaim>): Action[] {
  const why = 'the lost volume is given up';
  const objects = [
    { kind: kinds.PersistentVolumeClaim, live: claim },
    ...(pod === undefined ? [] : [{ kind: kinds.Pod, live: pod }]),
  ];
  return objects
    .filter(({ live }) => live.metadata.deletionTimestamp === undefined)
    .map(({ kind, live }) => {
      const { name, namespace = '', uid, resourceVersion } = live.metadata;
      return { do: 'delete', kind, key: { name, namespace }, uid, resourceVersion, why };
    });
}

/** What became of the volume, and what an empty one in its place stands for. */
export function lossStep({
  world,
  facts,
  target,
  now,
}: Scene & { readonly facts: Facts; readonly target: InForce }):
  | { readonly loss: Loss | undefined; readonly startedEmpty: string | undefined }
  | Outcome {
  const loss = lossOf(world, facts, target, now.getTime());
  if (loss?.state === 'Look') return acting([loss.action]);
  if (loss?.state === 'GivenUp' && loss.clear.length > 0) return acting(loss.clear);
  return { loss, startedEmpty: loss?.state === 'GivenUp' ? loss.token : undefined };
}

/** A database whose data is lost goes no further. */
export function lostStep({
  world,
  facts,
  loss,
  unimplemented,
}: Scene & {
  readonly facts: Facts;
  readonly loss: Loss | undefined;
  readonly unimplemented: readonly string[];
}): Outcome | undefined {
  if (loss?.state !== 'Lost') return undefined;
  return telling(blockedPicture(world, loss.refusal, facts, unimplemented), {
    requeueAfterMs: LOOK_AGAIN_MS,
  });
}
