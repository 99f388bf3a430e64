import type { Secret } from '../kube/objects/kinds.ts';
import { makeAuthority } from '../tls/authority.ts';
import { issueLeaf } from '../tls/leaf.ts';
import type { ServerNames } from '../tls/names.ts';
import { readCertificates, writeCertificates } from '../tls/pem.ts';
import type { StoredCertificate } from './certificate.ts';

/** The Secret in the operator's own namespace. */
export const WEBHOOK_SECRET = 'influxaddon-webhook';

const LABELS = {
  'app.kubernetes.io/part-of': 'influxaddon',
  'app.kubernetes.io/component': 'webhook',
};

const KEY = {
  cert: 'tls.crt',
  key: 'tls.key',
  ca: 'ca.crt',
  nextCert: 'next.crt',
  nextKey: 'next.key',
  nextSince: 'next-since',
} as const;

/** What is in the Secret; undefined when the pair or the bundle is missing. */
export function readSecret(secret: Secret | undefined): StoredCertificate | undefined {
  const get = (key: string) => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('utf8');
  const [cert, key, ca] = [get(KEY.cert), get(KEY.key), get(KEY.ca)];
  if (cert === '' || key === '' || ca === '') return undefined;
  const since = new Date(get(KEY.nextSince));
  const isAnnounced = get(KEY.nextCert) !== '' && !Number.isNaN(since.getTime());
  const next = isAnnounced ? { cert: get(KEY.nextCert), key: get(KEY.nextKey), since } : undefined;
  return { cert, key, ca, next };
}

/** The Secret to be stored in place of `present`, of which only the version counts: a lost race is a conflict. */
export function writeSecret(
  namespace: string,
  stored: StoredCertificate,
  present: Secret | undefined,
): Secret {
  const { cert, key, ca, next } = stored;
  const texts = {
    [KEY.cert]: cert,
    [KEY.key]: key,
    [KEY.ca]: ca,
    ...(next === undefined
      ? {}
      : { [KEY.nextCert]: next.cert, [KEY.nextKey]: next.key, [KEY.nextSince]: next.since.toISOString() }),
  };
  const data = Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, Buffer.from(text, 'utf8').toString('base64')]),
  );
  const { uid, resourceVersion } = present?.metadata ?? {};
  const version = uid === undefined || resourceVersion === undefined ? {} : { uid, resourceVersion };
  // Of an existing Secret the type is immutable, whatever it is.
  const type = present?.type ?? 'kubernetes.io/tls';
  return { metadata: { name: WEBHOOK_SECRET, namespace, labels: LABELS, ...version }, type, data };
}

/** A certificate for `names` with an authority of its own, whose key nobody keeps. */
export async function makeCertificate(
  names: ServerNames,
  now: Date,
): Promise<Pick<StoredCertificate, 'cert' | 'key' | 'ca'>> {
  const authority = await makeAuthority({
    commonName: `influxaddon webhook ${now.toISOString().slice(0, 10)}`,
    now,
    lifetimeDays: LIFETIME_DAYS,
  });
  const leaf = await issueLeaf({ ...names, authority, now, lifetimeDays: LIFETIME_DAYS });
  return { cert: leaf.certPem, key: leaf.keyPem, ca: authority.certPem };
}

const LIFETIME_DAYS = 365;

/** `added` and, of what was trusted before, the first: two are always enough. */
export function bundleOf(added: string, before: string | undefined): string {
  const known = before === undefined ? [] : readCertificates(before);
  const [latest] = typeof known === 'string' ? [] : known;
  return `${added}${latest === undefined ? '' : writeCertificates([latest])}`;
}
