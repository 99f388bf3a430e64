import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../cluster/run-command.ts';
import { pick } from '../../size.ts';
import { writer } from '../cases/binding.ts';
import type { OperatorNode } from '../operator-node.ts';
import type { Space } from '../space.ts';

const APP = 'my-app';

/** TLS as the tools see it that a user has: openssl, the engine's own client, an app without the authority. */
export function tlsToolCases(on: () => OperatorNode): void {
  test.each(pick(['1.8.10'], ['1.7.11', '1.8.10']))(
    'the certificate of %s convinces openssl and influx -ssl, and TLS below 1.2 is refused',
    async (version) => {
      const space = await on().space(`tls-${version.replaceAll('.', '-')}`);
      await space.create(APP, { version, tls: { mode: 'Required' } });
      await space.status(APP, 'Ready');
      await using files = await Files.of(space);
      const host = `${APP}-influx.${space.namespace}.svc.cluster.local`;

      const chain = ['verify', '-CAfile', files.ca, '-purpose', 'sslserver', '-verify_hostname'];
      expect(await openssl([...chain, host, files.certificate])).toMatch(/: OK$/m);
      await expect(openssl([...chain, 'other.example', files.certificate])).rejects.toThrow(
        'hostname mismatch',
      );
      // Against an empty list the same command says no.
      await expect(openssl(['verify', '-no-CAfile', '-no-CApath', files.certificate])).rejects.toThrow(
        'unable to get',
      );

      const handshake = (...more: string[]) =>
        openssl(['s_client', '-brief', '-connect', `${files.address}:8086`, '-servername', host, ...more]);
      const trusting = ['-CAfile', files.ca, '-verify_hostname', host, '-verify_return_error'];
      for (const protocol of ['-tls1_2', ...(version === '1.8.10' ? ['-tls1_3'] : [])])
        expect(await handshake(protocol, ...trusting)).toMatch(/^Verification: OK$/m);
      // The alert is the server's: this openssl would have spoken it.
      for (const protocol of ['-tls1', '-tls1_1'])
        await expect(handshake(protocol, '-cipher', 'DEFAULT:@SECLEVEL=0')).rejects.toThrow(
          'alert protocol version',
        );
      // There is no listener without TLS: an engine answers such a client with 400 or closes the connection.
      const plain = fetch(`http://${files.address}:8086/ping`).then(({ status }) => status);
      expect(await plain.catch(() => 'closed')).toBeOneOf([400, 'closed']);

      const { username, password } = new URL((await space.secret(`${APP}-influx`))['INFLUX_URL'] ?? '');
      const influx = (environment: string, ...flags: string[]) =>
        space.shell(
          APP,
          `INFLUX_USERNAME=${username} INFLUX_PASSWORD=${password} ${environment} influx -ssl -host ${host} ` +
            `${flags.join(' ')} -execute 'SHOW DATABASES' 2>&1`,
        );
      expect(await influx('SSL_CERT_FILE=/etc/influxdb-tls/ca.crt')).toContain(username);
      expect(await influx('', '-unsafeSsl')).toContain(username);
      await expect(influx('')).rejects.toThrow('certificate signed by unknown authority');

      const { spec } = await space.pod(APP);
      expect(JSON.stringify(spec.containers)).not.toContain('"scheme":"HTTP"');
      expect(JSON.stringify(spec.containers).match(/"scheme":"HTTPS"/g)).toHaveLength(3);
    },
  );

  test('an app that was not given the authority does not get through, and says why', async () => {
    const space = await on().space('blind');
    await space.create(APP, { tls: { mode: 'Required' } });
    await space.status(APP, 'Ready');
    const secretKeyRef = { name: `${APP}-influx`, key: 'INFLUX_URL' };
    await space.kube.apply(
      writer(space.namespace, 'blind', [{ name: 'INFLUX_URL', valueFrom: { secretKeyRef } }]),
    );
    const log = await space.until('a refusal', async () => {
      const said = await space.kube.run(['logs', 'deployment/blind', '-n', space.namespace]);
      return said.includes('attempts failed') && said;
    });
    expect(log).toMatch(/self-signed certificate|unable to (verify|get)/);
    expect(log).not.toMatch(/^wrote [1-9]/m);
  });

  test('the probes follow the listener, on and off', async () => {
    const space = await on().space('probes');
    await space.ready(APP);
    const schemes = async () =>
      JSON.stringify((await space.pod(APP)).spec.containers).match(/(?<="scheme":")[A-Z]+/g);
    for (const [mode, scheme] of [
      ['Required', 'HTTPS'],
      ['Disabled', 'HTTP'],
    ]) {
      await space.edit(APP, { tls: { mode } });
      await space.status(APP, 'Ready');
      expect(await schemes()).toEqual([scheme, scheme, scheme]);
      expect((await space.pod(APP)).status.containerStatuses?.[0]?.restartCount).toBe(0);
    }
  });
}

/** What openssl reads from disk. */
class Files implements AsyncDisposable {
  readonly #dir: string;
  readonly ca: string;
  readonly certificate: string;
  readonly address: string;

  private constructor(dir: string, address: string) {
    this.#dir = dir;
    this.ca = join(dir, 'ca.crt');
    this.certificate = join(dir, 'tls.crt');
    this.address = address;
  }

  static async of(space: Space): Promise<Files> {
    const secret = await space.secret(`${APP}-influx-tls`);
    const service = await space.must<{ spec: { clusterIP: string } }>('services', `${APP}-influx`);
    const files = new Files(await mkdtemp(join(tmpdir(), 'influxaddon-tls-')), service.spec.clusterIP);
    await writeFile(files.ca, secret['ca.crt'] ?? '');
    await writeFile(files.certificate, secret['tls.crt'] ?? '');
    return files;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#dir, { recursive: true });
  }
}

/** Both outputs in one: s_client tells on the second what it found. */
function openssl(args: string[]): Promise<string> {
  return run('sh', ['-c', 'exec openssl "$@" 2>&1', 'openssl', ...args]);
}
