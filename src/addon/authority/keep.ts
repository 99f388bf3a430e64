import { Annotation } from '../../api/annotations.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import type { KubeClient } from '../../kube/api/client.ts';
import type { Clock } from '../../kube/clock.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { Logger } from '../../kube/log.ts';
import type { Live } from '../../kube/objects/types.ts';
import { makeAuthority } from '../../tls/authority.ts';
import { ROLLOVER_PACE, rolloverStep, type Followers } from '../../tls/rollover.ts';
import { encode } from '../world/secret-data.ts';
import { MANAGED_BY } from '../world/names.ts';
import type { Stores } from '../observe/stores.ts';
import {
  AUTHORITY_LABEL,
  AUTHORITY_SECRET,
  authoritiesOf,
  bundleOf,
  readKept,
  type Kept,
} from '../tls/authorities.ts';
import { followersOf, isUnknown, lostAuthorities } from './followers.ts';

export interface AuthorityKeeper {
  readonly client: KubeClient;
  readonly stores: Stores;
  /** The operator's own. */
  readonly namespace: string;
  readonly clock: Clock;
  /** When this process began to work, by the monotonic clock: until then nothing was known. */
  readonly startedMs: number;
  readonly log: Logger;
}

/** Authorities that signed what is shown, beside the one that signed most. */
const MAX_OTHERS = 3;
/** Somebody else's Secret of our name goes only by somebody's hand. */
const FOREIGN_WAIT_MS = 5 * 60 * 1000;
/** A namespace whose Secrets may not be read must not keep all others from having certificates. */
const PATIENCE_MS = 60_000;
/** A roll-over takes weeks: to look twice a day is often. */
const LONGEST_WAIT_MS = 12 * 60 * 60 * 1000;

/** Keeps the authority that signs the databases' certificates: makes it, and in time its successor. */
export async function keepAuthority(
  keeper: AuthorityKeeper,
  signal: AbortSignal,
): Promise<{ requeueAfterMs?: number }> {
  const { stores, clock, namespace, log } = keeper;
  const live = stores.authorities.get(`${namespace}/${AUTHORITY_SECRET}`);
  const kept = readKept(live);
  if (live !== undefined && kept === undefined && live.metadata.labels?.[AUTHORITY_LABEL] !== 'true') {
    const text = `Secret ${AUTHORITY_SECRET} was not made by this operator and is left alone: no certificates can be made`;
    log.error({ namespace }, text);
    return { requeueAfterMs: FOREIGN_WAIT_MS };
  }
  const authorities = authoritiesOf(kept);
  const now = new Date(clock.now());
  const followers: Followers = await followersOf(stores, authorities);
  const token = live?.metadata.annotations?.[Annotation.rotate];
  const asked = token !== undefined && token !== '' && token !== kept?.rotatedFor;
  const step = rolloverStep(authorities, followers, now, ROLLOVER_PACE, asked);
  // What was lost is found again from the copies beside the addons: they have to be known first.
  const unknown =
    step.do === 'makeFirst' && [...stores.addons.list()].some((each) => isUnknown(stores, each));
  if (unknown && clock.monotonic() - keeper.startedMs < PATIENCE_MS) return { requeueAfterMs: 250 };
  if (step.do === 'nothing')
    return {
      requeueAfterMs: Math.min(LONGEST_WAIT_MS, Math.max(1_000, step.until.getTime() - now.getTime())),
    };
  const behind = 'behind' in step ? step.behind : 0;
  log.info({ step: step.do, behind }, 'authority of the databases: next step');
  const next = await after(kept, step.do, now, () => lostAuthorities(stores));
  const made = step.do === 'makeFirst' || step.do === 'makeNext';
  const rotatedFor = made ? token : kept?.rotatedFor;
  await store(keeper, live, rotatedFor === undefined ? next : { ...next, rotatedFor }, signal);
  return { requeueAfterMs: 1_000 };
}

async function after(
  kept: Kept | undefined,
  step: 'makeFirst' | 'makeNext' | 'promote' | 'dropFormer',
  now: Date,
  lost: () => Promise<string[]>,
): Promise<Kept> {
  if (kept === undefined || step === 'makeFirst') {
    // After a loss the databases still show what the lost one signed, or lost ones in the middle of a roll-over: these
    // go on being trusted until nobody shows them.
    const [certPem, ...more] = await lost();
    const others = more.slice(0, MAX_OTHERS);
    const former =
      certPem === undefined ? {} : { former: { certPem, signedUntil: now.toISOString(), others } };
    return { signing: await fresh(now), ...former };
  }
  const { signing, next } = kept;
  switch (step) {
    case 'makeNext':
      return { ...kept, next: { ...(await fresh(now)), trustedSince: now.toISOString() } };
    case 'promote':
      // The key of the old one is not needed any more: it only has to be trusted.
      return next === undefined
        ? kept
        : { signing: next, former: { certPem: signing.certPem, signedUntil: now.toISOString() } };
    case 'dropFormer':
      return { signing, ...(next === undefined ? {} : { next }) };
  }
}

async function fresh(now: Date): Promise<{ certPem: string; keyPem: string }> {
  const { certPem, keyPem } = await makeAuthority({
    commonName: `influxaddon authority ${now.toISOString().slice(0, 16)}`,
    now,
  });
  return { certPem, keyPem };
}

/** POST or PUT: of two that make the first one at once, one wins and the other goes on with what is there. */
async function store(
  keeper: AuthorityKeeper,
  live: Live<kinds.Secret> | undefined,
  kept: Kept,
  signal: AbortSignal,
): Promise<void> {
  const { client, namespace, stores } = keeper;
  const labels = { 'app.kubernetes.io/managed-by': MANAGED_BY, [AUTHORITY_LABEL]: 'true' };
  const data = encode({ 'authorities.json': JSON.stringify(kept), 'ca.crt': bundleOf(kept) });
  const secret: kinds.Secret = {
    metadata: { namespace, name: AUTHORITY_SECRET, labels },
    type: 'Opaque',
    data,
  };
  try {
    stores.authorities.recordWrite(
      live === undefined
        ? await client.create(kinds.Secret, secret, signal)
        : await client.replace(
            kinds.Secret,
            { ...live, ...secret, metadata: { ...live.metadata, labels } },
            signal,
          ),
    );
  } catch (reason) {
    const error = ApiError.from(reason);
    if (!error.isAlreadyExists) throw error;
    const present = await client.get(kinds.Secret, { namespace, name: AUTHORITY_SECRET }, signal);
    if (present === undefined) return;
    stores.authorities.recordWrite(present); // whatever it is: the next look at it decides
  }
}
