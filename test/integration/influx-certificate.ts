import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../cluster/run-command.ts';

/** A certificate that signed itself, in the folder that an engine reads it from, and how a client trusts it. */
export async function selfSigned(dir: string): Promise<{ tlsDir: string; ca: string; servername: string }> {
  const tlsDir = join(dir, 'tls');
  const servername = 'my-app-influx.shop.svc.cluster.local';
  await mkdir(tlsDir);
  const subject = `-subj /CN=test -addext subjectAltName=DNS:${servername}`;
  const files = `-keyout ${tlsDir}/tls.key -out ${tlsDir}/tls.crt`;
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
  await run('openssl', `req -x509 -days 2 ${key} ${subject} ${files}`.split(' '));
  return { tlsDir, ca: await readFile(join(tlsDir, 'tls.crt'), 'utf8'), servername };
}
