import { stateOf } from '../../api/addon-defaults.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import { kindOf } from '../../maintenance/pending.ts';
import type { Authorities, Followers } from '../../tls/rollover.ts';
import { inspect } from '../../tls/inspect.ts';
import { recordedInForce } from '../identity/record.ts';
import { decode } from '../world/secret-data.ts';
import { type InForce } from '../world/facts.ts';
import type { Secret } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { childNames } from '../world/names.ts';
import type { Stores } from '../observe/stores.ts';
import { isFollowing, usesAuthority } from '../tls/follow.ts';

/** How far the addons have followed a roll-over of the authority: by what is in their Secrets, and in force. */
export async function followersOf(
  stores: Stores,
  { signing, next, former }: Authorities,
): Promise<Followers> {
  if (next === undefined && former === undefined) return { withoutNext: 0, onFormer: 0 };
  let withoutNext = 0;
  let onFormer = 0;
  for await (const addon of inTurns(stores.addons.list())) {
    if (isUnknown(stores, addon)) {
      withoutNext += 1;
      onFormer += 1;
      continue;
    }
    const { admin, tls, statefulSet } = childrenOf(stores, addon);
    const target = recordedInForce(admin, statefulSet);
    if (isOwn(addon, target)) continue;
    const found = chainIn(tls);
    if (found === undefined) continue;
    // One that is stopped has apps that are restarted when it starts.
    const shows = target !== undefined && usesAuthority(target) && stateOf(addon) === 'Running';
    if (next !== undefined && shows) {
      if (!found.trusted.includes(next.id) || !isFollowing(addon, target, next.id)) withoutNext += 1;
    }
    if (former === undefined) continue;
    const older = found.signer !== signing?.id && found.signer !== next?.id;
    if (older || (shows && mayShowOlder(addon))) onFormer += 1;
  }
  return { withoutNext, onFormer };
}

/** There is a database, and what is in its Secrets is not known yet. */
export function isUnknown(stores: Stores, { metadata, status }: Live<InfluxAddon>): boolean {
  return status?.id !== undefined && !stores.secrets.knows(metadata.namespace ?? '');
}

/**
 * With a certificate of the user's own in force nobody has to trust the operator's authority. One that the spec only
 * names may not serve yet, or ever: until it does, the database shows what the operator signed. Without TLS it shows
 * nothing, and its Secret may hold a copy that waits.
 */
function isOwn({ spec }: InfluxAddon, target: InForce | undefined): boolean {
  if (target?.tls === 'Required') return target.certificate !== undefined;
  return spec.tls?.certificateRef !== undefined;
}

/** The Secret has a newer certificate than the running database may show: that one is read at its start only. */
function mayShowOlder({ status }: InfluxAddon): boolean {
  const { pending = [], startedAt } = status?.maintenance ?? {};
  const available = status?.conditions?.find(({ type }) => type === 'Available')?.status === 'True';
  const waits = pending.some(({ what }) => kindOf(what) === 'certificate' || kindOf(what) === 'authority');
  return !available || startedAt !== undefined || waits;
}

/** The authorities that addons' certificates were signed by, from the copies beside them; those of most addons first. */
export async function lostAuthorities(stores: Stores): Promise<string[]> {
  const counts = new Map<string, number>();
  const pems = new Map<string, string>();
  for await (const addon of inTurns(stores.addons.list())) {
    const { admin, tls, statefulSet } = childrenOf(stores, addon);
    if (isOwn(addon, recordedInForce(admin, statefulSet))) continue;
    const signer = chainIn(tls)?.signer;
    if (signer === undefined) continue;
    if (!pems.has(signer))
      for (const pem of (decode(tls)['ca.crt'] ?? '').match(PEM) ?? []) {
        const one = inspect({ certPem: pem });
        if (typeof one !== 'string') pems.set(one.leaf.fingerprint, pem);
      }
    if (pems.has(signer)) counts.set(signer, (counts.get(signer) ?? 0) + 1);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a).map(([signer]) => pems.get(signer) ?? '');
}

/** Of the certificate in an addon's Secret, by fingerprints: who signed it, and whom clients are told to trust. */
interface Chain {
  readonly signer: string | undefined;
  readonly trusted: readonly string[];
}

const chains = new WeakMap<Secret, Chain | 'Unreadable'>();

/** Verified once for each content of a Secret: a roll-over asks for all of them, time and again, for weeks. */
function chainIn(tls: Live<Secret> | undefined): Chain | undefined {
  if (tls === undefined) return undefined;
  let known = chains.get(tls);
  if (known === undefined) {
    const files = decode(tls);
    const found = inspect({ certPem: files['tls.crt'] ?? '', caPem: files['ca.crt'] ?? '' });
    known =
      typeof found === 'string'
        ? 'Unreadable'
        : {
            signer: found.trustedBy?.fingerprint,
            trusted: found.authorities.map(({ fingerprint }) => fingerprint),
          };
    chains.set(tls, known);
  }
  return known === 'Unreadable' ? undefined : known;
}

/** Signatures of ten thousand addons take seconds: others, the renewal of the Lease among them, have their turns between. */
async function* inTurns(addons: Iterable<Live<InfluxAddon>>): AsyncGenerator<Live<InfluxAddon>> {
  let count = 0;
  for (const addon of addons) {
    if (++count % ADDONS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    yield addon;
  }
}

/** At half a millisecond for each signature. */
const ADDONS_A_TURN = 50;

function childrenOf(stores: Stores, { metadata: { namespace, name } }: Live<InfluxAddon>) {
  const names = childNames(name);
  return {
    admin: stores.secrets.get(`${namespace}/${names.adminSecret}`),
    tls: stores.secrets.get(`${namespace}/${names.tlsSecret}`),
    statefulSet: stores.statefulSets.get(`${namespace}/${names.statefulSet}`),
  };
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
