import * as kinds from '../../kube/objects/kinds.ts';
import type { Secret } from '../../kube/objects/kinds.ts';
import { issueLeaf } from '../../tls/leaf.ts';
import type { IssueCertificateAction } from '../decision/action.ts';
import { decode, encode } from '../world/secret-data.ts';
import { replacement } from '../children/intent/merge.ts';
import { withFindings } from './refusals.ts';
import { create, record } from './objects.ts';
import { type Actor, type Outcome, DONE } from './actor.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';

/** The TLS Secret as it is to be stored. Keys and signatures are made in the thread pool, off the event loop. */
export async function certificateSecret(action: IssueCertificateAction, now: Date): Promise<Secret> {
  const { object, live, trust, need } = action;
  const present = decode(live);
  const { certPem, keyPem } = need.keepLeaf
    ? { certPem: present['tls.crt'] ?? '', keyPem: present['tls.key'] ?? '' }
    : await issueLeaf({ authority: trust.signing, ...need.names, now });
  const data = encode({ 'tls.crt': certPem, 'tls.key': keyPem, 'ca.crt': trust.bundlePem });
  const secret: Secret = { apiVersion: 'v1', kind: 'Secret', ...object, data };
  return live === undefined ? secret : replacement(live, secret);
}

/** A Secret whose content takes time to make: made only now, and stored in place of the present one. */
export async function issue<
  A extends { readonly object: kinds.Secret; readonly live: Live<kinds.Secret> | undefined },
>(
  actor: Actor,
  addon: Live<InfluxAddon>,
  action: A,
  make: (action: A, now: Date) => Promise<kinds.Secret>,
  signal: AbortSignal,
): Promise<Outcome> {
  const kind = kinds.Secret as Kind<KubeObject>;
  return await withFindings(actor, addon, kind, action.object, async () => {
    const secret = await make(action, new Date(actor.clock.now()));
    if (action.live === undefined)
      return await create(actor, addon, { do: 'create', kind, object: secret }, signal);
    record(actor, kind, await actor.client.replace(kind, secret, signal));
    return DONE;
  });
}
