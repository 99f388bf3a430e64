import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { influxBinaries } from '../../cluster/images/influxdb.ts';
import type { OutsideClient } from '../../cluster/outside-client.ts';
import type { OperatorNode } from '../operator-node.ts';
import type { Space } from '../space.ts';

const APP = 'my-app';

export interface World {
  readonly on: OperatorNode;
  /** Two machines outside of which each test lists the first. */
  readonly friend: OutsideClient;
  readonly stranger: OutsideClient;
}

/** The way in from outside, with the engine's own client. */
export function outsideCases(world: () => World): void {
  test.each(['NodePort', 'LoadBalancer'] as const)(
    'influx -ssl gets in by %s from the listed address, verifying the certificate, and from no other',
    async (mode) => {
      const { on, friend, stranger } = world();
      const space = await on.space(`outside-${mode.toLowerCase()}`);
      await space.create(APP, { tls: { mode: 'Required' } });
      await space.status(APP, 'Ready');
      const plain = await space.pod(APP);
      await space.edit(APP, { internetAccess: { mode, allowedCIDRs: [`${friend.address}/32`] } });
      const url = await urlOutside(space);
      const pod = await space.pod(APP);
      expect(pod.metadata.uid).not.toBe(plain.metadata.uid);
      await using client = await Client.of(space, url);

      expect(await client.ask(friend, 'SHOW DATABASES')).toContain(url.username);
      await client.ask(friend, 'INSERT seen n=1');
      expect(await client.ask(friend, 'SELECT COUNT(n) FROM seen')).toMatch(/\b1\b/);
      await expect(client.ask(friend, 'SHOW DATABASES', { trusting: false })).rejects.toThrow(
        'certificate signed by unknown authority',
      );
      await expect(client.ask(stranger, 'SHOW DATABASES')).rejects.toThrow(REFUSED);
      expect(await addressSeen(space, friend, url)).toBe(true);

      // Another list is in force at once, and stops nothing.
      await space.edit(APP, { internetAccess: { mode, allowedCIDRs: [`${stranger.address}/32`] } });
      await space.until('the other machine to get in', async () => {
        return (await client.ask(stranger, 'SHOW DATABASES')).includes(url.username);
      });
      await expect(client.ask(friend, 'SHOW DATABASES')).rejects.toThrow(REFUSED);

      await space.edit(APP, { internetAccess: { mode: 'Disabled' } });
      await space.status(APP, 'Ready');
      await expect(client.ask(stranger, 'SHOW DATABASES')).rejects.toThrow(REFUSED);
      await expect(client.ask(friend, 'SHOW DATABASES')).rejects.toThrow(REFUSED);
      expect(await space.get('services', `${APP}-influx-external`)).toBeUndefined();
      expect(await space.secret(`${APP}-influx-binding`)).not.toHaveProperty('external-uri');
      expect((await space.pod(APP)).metadata.uid).toBe(pod.metadata.uid);
    },
  );
}

/** Refused by the policy, or by nobody being there; a load balancer's own list drops without a word. */
const REFUSED = /no route to host|connection refused|exit code 124/;

async function urlOutside(space: Space): Promise<URL> {
  const uri = await space.until('the URL outside', async () => {
    return (await space.secret(`${APP}-influx-binding`))['external-uri'];
  });
  await space.status(APP, 'Ready');
  return new URL(uri);
}

/** The engine's own client with the authority of an addon. */
class Client implements AsyncDisposable {
  readonly #dir: string;
  readonly #url: URL;
  readonly #program: string;

  private constructor(dir: string, url: URL, program: string) {
    this.#dir = dir;
    this.#url = url;
    this.#program = program;
  }

  static async of(space: Space, url: URL): Promise<Client> {
    const dir = await mkdtemp(join(tmpdir(), 'influxaddon-outside-'));
    await writeFile(join(dir, 'ca.crt'), (await space.secret(`${APP}-influx-tls`))['ca.crt'] ?? '');
    await writeFile(join(dir, 'none.crt'), '');
    return new Client(dir, url, (await influxBinaries('1.8.10')).influx);
  }

  async ask(from: OutsideClient, statement: string, { trusting = true } = {}): Promise<string> {
    const { username, password, hostname, port, pathname } = this.#url;
    const database = pathname.slice(1);
    const env = {
      HOME: this.#dir,
      INFLUX_USERNAME: username,
      INFLUX_PASSWORD: password,
      SSL_CERT_FILE: join(this.#dir, trusting ? 'ca.crt' : 'none.crt'),
      SSL_CERT_DIR: join(this.#dir, 'nothing'),
    };
    const args = ['-ssl', '-host', hostname, '-port', port, '-database', database, '-execute', statement];
    return await from.run('timeout', ['5', this.#program, ...args], env);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#dir, { recursive: true });
  }
}

/** Whether the database sees the client's own address, and not one of the node's. */
async function addressSeen(space: Space, client: OutsideClient, url: URL): Promise<boolean> {
  const program = `require('node:net').connect(${url.port}, '${url.hostname}'); setTimeout(() => process.exit(), 8000)`;
  const held = client.run(process.execPath, ['-e', program]);
  held.catch(() => {});
  const hex = client.address
    .split('.')
    .toReversed()
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
  const seen = await space.until('the connection in the pod', async () =>
    (await space.shell(APP, 'cat /proc/net/tcp /proc/net/tcp6')).includes(`${hex}:`),
  );
  await held;
  return seen;
}
