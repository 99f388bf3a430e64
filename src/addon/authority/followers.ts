import { tlsModeOf } from '../../api/addon-defaults.ts';
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
    if (found.trustedBy?.fingerprint === former?.id) onFormer += 1;
  }
  return { withoutNext, onFormer };
}
