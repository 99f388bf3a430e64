import { type Trust } from '../world/world.ts';
import type { Secret } from 'kubernetes-types/core/v1.js';
import { inspect } from '../../tls/inspect.ts';
import { trustedIds, trustRevision, type Authorities, type KnownAuthority } from '../../tls/rollover.ts';
import { decode } from '../world/secret-data.ts';

export const AUTHORITY_SECRET = 'influxaddon-authority';
export const AUTHORITY_LABEL = 'influxaddon.dev/authority';

/** An authority as it is kept: its certificate, and its key while it may still sign. Times are RFC 3339, UTC. */
export interface KeptAuthority {
  readonly certPem: string;
  readonly keyPem?: string;
  readonly trustedSince?: string;
  readonly signedUntil?: string;
  /** Further certificates that are trusted as long as this one: after a loss, databases may show those of several. */
  readonly others?: readonly string[];
}

/** The content of the authority Secret. */
export interface Kept {
  readonly signing: KeptAuthority;
  readonly next?: KeptAuthority;
  readonly former?: KeptAuthority;
  /** The token that a successor was made for last. */
  readonly rotatedFor?: string;
}

/** The content of the Secret; undefined when it is not there or cannot be read. */
export function readKept(secret: Secret | undefined): Kept | undefined {
  try {
    const kept = JSON.parse(decode(secret)['authorities.json'] ?? '') as Kept;
    return known(kept.signing) === undefined || kept.signing.keyPem === undefined ? undefined : kept;
  } catch {
    return undefined; // not there yet, or edited: without its key there is nothing to go on from
  }
}

/** As the rules of the roll-over see it. */
export function authoritiesOf(kept: Kept | undefined): Authorities {
  const signing = known(kept?.signing);
  const next = known(kept?.next);
  const former = known(kept?.former);
  const trustedSince = new Date(kept?.next?.trustedSince ?? 0);
  const signedUntil = new Date(kept?.former?.signedUntil ?? 0);
  return {
    signing,
    next: next === undefined ? undefined : { ...next, trustedSince },
    former: former === undefined ? undefined : { ...former, signedUntil },
  };
}

function trustOf(kept: Kept | undefined): Trust | undefined {
  const authorities = authoritiesOf(kept);
  const { signing } = authorities;
  if (kept?.signing.keyPem === undefined || signing === undefined) return undefined;
  const { next, former } = authorities;
  const others = othersOf(kept);
  return {
    signing: { certPem: kept.signing.certPem, keyPem: kept.signing.keyPem },
    signingId: signing.id,
    trustedIds: [...trustedIds(authorities), ...others],
    ages: [...others, ...[former, signing, next].flatMap((each) => (each === undefined ? [] : [each.id]))],
    bundlePem: bundleOf(kept),
    revision: trustRevision(authorities) ?? signing.id,
    notAfter: signing.notAfter.toISOString(),
  };
}

const trusts = new WeakMap<Secret, { trust: Trust | undefined }>();

/** The same, remembered for as long as the Secret is the same: certificates take a while to read. */
export function trustOfSecret(secret: Secret | undefined): Trust | undefined {
  if (secret === undefined) return undefined;
  const known = trusts.get(secret) ?? { trust: trustOf(readKept(secret)) };
  trusts.set(secret, known);
  return known.trust;
}

export function bundleOf({ signing, next, former }: Kept): string {
  const all = [signing, next, former].flatMap((each) => (each === undefined ? [] : [each.certPem]));
  return `${[...all, ...(former?.others ?? [])].map((pem) => pem.trim()).join('\n')}\n`;
}

function othersOf({ former }: Kept): string[] {
  return (former?.others ?? []).flatMap((certPem) => known({ certPem })?.id ?? []);
}

function known(authority: KeptAuthority | undefined): KnownAuthority | undefined {
  if (authority === undefined) return undefined;
  const found = inspect({ certPem: authority.certPem });
  if (typeof found === 'string') return undefined;
  const { fingerprint, notBefore, notAfter } = found.leaf;
  return { id: fingerprint, notBefore, notAfter };
}
