import { tlsModeOf } from '../../api/addon-defaults.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Authorities, Followers } from '../../tls/rollover.ts';
import { inspect } from '../../tls/inspect.ts';
import { decode } from '../facts.ts';
import { childNames } from '../names.ts';
import type { Stores } from '../stores.ts';

/** How far the addons have followed a roll-over of the authority: by what is in their Secrets. */
export function followersOf(stores: Stores, { next, former }: Authorities): Followers {
  if (next === undefined && former === undefined) return { withoutNext: 0, onFormer: 0 };
  let withoutNext = 0;
  let onFormer = 0;
  for (const addon of stores.addons.list()) {
    // With a certificate of the user's own nobody has to trust the operator's authority.
    if (addon.spec.tls?.certificateRef !== undefined) continue;
    const secret = stores.secrets.get(
      `${addon.metadata.namespace}/${childNames(addon.metadata.name).tlsSecret}`,
    );
    const files = decode(secret);
    const found = inspect({ certPem: files['tls.crt'] ?? '', caPem: files['ca.crt'] ?? '' });
    if (typeof found === 'string') continue;
    const tls = tlsModeOf(addon) === 'Required';
    const trustsNext =
      next === undefined || found.authorities.some(({ fingerprint }) => fingerprint === next.id);
    const current = addon.status?.conditions?.find(({ type }) => type === 'AppsCurrent')?.status !== 'False';
    if (tls && (!trustsNext || !current)) withoutNext += 1;
    if (
      former !== undefined &&
      (found.trustedBy?.fingerprint === former.id || (tls && mayShowOlder(addon)))
    ) {
      onFormer += 1;
    }
  }
  return { withoutNext, onFormer };
}

/** The Secret has a newer certificate than the running database may show: that one is read at its start only. */
function mayShowOlder({ status }: InfluxAddon): boolean {
  const { pending = [], startedAt } = status?.maintenance ?? {};
  const available = status?.conditions?.find(({ type }) => type === 'Available')?.status === 'True';
  return !available || startedAt !== undefined || pending.some(({ what }) => what.startsWith('certificate'));
}

/** The authority that most addons' certificates were signed by, from the copies beside them; undefined without any. */
export function lostAuthority(stores: Stores): string | undefined {
  const counts = new Map<string, number>();
  for (const addon of stores.addons.list()) {
    if (addon.spec.tls?.certificateRef !== undefined) continue;
    const { namespace, name } = addon.metadata;
    const files = decode(stores.secrets.get(`${namespace}/${childNames(name).tlsSecret}`));
    const bundle = files['ca.crt'] ?? '';
    const found = inspect({ certPem: files['tls.crt'] ?? '', caPem: bundle });
    if (typeof found === 'string' || found.trustedBy === undefined) continue;
    const { fingerprint } = found.trustedBy;
    const pem = bundle.match(PEM)?.find((each) => {
      const one = inspect({ certPem: each });
      return typeof one !== 'string' && one.leaf.fingerprint === fingerprint;
    });
    if (pem !== undefined) counts.set(pem, (counts.get(pem) ?? 0) + 1);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0];
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
