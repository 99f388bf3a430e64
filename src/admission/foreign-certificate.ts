import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { ReconcileResult } from '../kube/control/controller.ts';
import type { Secret } from '../kube/objects/kinds.ts';
import type { Logger } from '../kube/log.ts';
import type { Live } from '../kube/objects/types.ts';
import type { ServedPair } from './certificate.ts';

/**
 * Shows what somebody else, such as cert-manager, keeps in a Secret of type kubernetes.io/tls, and writes nothing. While
 * there is no pair that fits, what was shown last goes on; the watch tells of a better one.
 */
export async function showForeign(
  secret: Live<Secret> | undefined,
  show: (pair: ServedPair) => Promise<void>,
  log: Logger,
): Promise<ReconcileResult> {
  const pair = pairIn(secret);
  if (pair === undefined)
    log.error({}, 'the Secret with the certificate of the webhook has no pair that fits');
  else await show(pair);
  return {};
}

function pairIn(secret: Live<Secret> | undefined): ServedPair | undefined {
  const text = (key: string) => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('utf8');
  const [cert, key] = [text('tls.crt'), text('tls.key')];
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)) ? { cert, key } : undefined;
  } catch {
    return undefined;
  }
}
