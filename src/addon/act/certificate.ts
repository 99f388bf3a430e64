import type { Secret } from '../../kube/objects/kinds.ts';
import { issueLeaf } from '../../tls/leaf.ts';
import type { IssueCertificateAction } from '../decision/action.ts';
import { decode, encode } from '../world/secret-data.ts';
import { replacement } from '../children/merge.ts';

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
