import { expect, it } from 'vitest';
import { silentLogger } from '../kube/log.ts';
import type { ServedPair } from './certificate.ts';
import { makeCertificate } from './certificate-secret.ts';
import { serviceNames } from '../tls/names.ts';
import { showForeign } from './foreign-certificate.ts';

const names = serviceNames('webhook', 'system', 'cluster.local');

it('shows the pair of a foreign Secret, and nothing while it has none that fits', async () => {
  const shown: ServedPair[] = [];
  const show = async (pair: ServedPair) => void shown.push(pair);
  const [one, two] = [await makeCertificate(names, new Date()), await makeCertificate(names, new Date())];
  await showForeign(undefined, show, silentLogger);
  await showForeign(secretOf({ cert: '', key: '' }), show, silentLogger);
  await showForeign(secretOf({ cert: one.cert, key: two.key }), show, silentLogger);
  expect(shown).toEqual([]);
  await showForeign(secretOf(one), show, silentLogger);
  expect(shown).toEqual([{ cert: one.cert, key: one.key }]);
});

function secretOf({ cert, key }: ServedPair) {
  const encoded = (text: string) => Buffer.from(text).toString('base64');
  return {
    metadata: { namespace: 'system', name: 'theirs', uid: '1', resourceVersion: '1' },
    data: { 'tls.crt': encoded(cert), 'tls.key': encoded(key) },
  };
}
