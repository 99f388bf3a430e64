import { expect, test } from 'vitest';
import type { OperatorNode } from '../operator-node.ts';
import type { Space } from '../space.ts';
import { scaleOperator } from './operator-control.ts';

const PLAIN = 'plain';
const SECURE = 'secure';
const READ = 'ls /etc/influxdb-tls';

/** Certificates that went away while nobody was there to make them again. */
export function tlsMaterialCases(on: () => OperatorNode): void {
  test('an addon that started without its certificate gets it with a later start, whatever caused that', async () => {
    const space = await on().space('material');
    const database = await space.ready(PLAIN);
    await database.fill('kept', 100);
    await space.create(SECURE, { tls: { mode: 'Required' } });
    await space.status(SECURE, 'Ready');
    await space.until('the certificates', async () => {
      const secret = await space.get('secrets', `${PLAIN}-influx-tls`);
      return secret !== undefined;
    });
    const authority = (await space.secret(`${SECURE}-influx-tls`))['ca.crt'];

    await scaleOperator(on(), 0);
    for (const name of [PLAIN, SECURE]) await space.delete('secrets', `${name}-influx-tls`);
    const started = await evict(space, PLAIN);
    await evict(space, SECURE);
    // Without TLS the certificate is not missed; with it there is no database without one, and no plain one either.
    await space.nextPod(PLAIN, started);
    expect(await space.shell(PLAIN, READ)).toBe('');
    expect(await database.count('kept')).toBe(100);
    await space.until('the engine to end for want of its certificate', async () => {
      const { status } = await space.pod(SECURE);
      return (status.containerStatuses?.[0]?.restartCount ?? 0) > 0;
    });

    await scaleOperator(on(), 2);
    await space.until('both certificates', async () => {
      const found = await Promise.all(
        [PLAIN, SECURE].map((name) => space.get('secrets', `${name}-influx-tls`)),
      );
      return found.every((secret) => secret !== undefined);
    });
    await space.until('the database with TLS to be back', async () => {
      const { status } = await space.pod(SECURE);
      return status.conditions?.some((each) => each.type === 'Ready' && each.status === 'True');
    });
    await space.status(SECURE, 'Ready');
    expect(await space.shell(SECURE, READ)).toContain('tls.key');
    expect((await space.secret(`${SECURE}-influx-tls`))['ca.crt']).toBe(authority);

    // Nobody restarted the one that does not need it; any next start brings it.
    const running = (await space.pod(PLAIN)).metadata.uid;
    expect(running).not.toBe(started);
    await evict(space, PLAIN);
    await space.nextPod(PLAIN, running);
    expect((await space.shell(PLAIN, READ)).trim().split('\n')).toEqual(['ca.crt', 'tls.crt', 'tls.key']);
    await space.status(PLAIN, 'Ready');
    expect(await (await space.database(PLAIN)).count('kept')).toBe(100);
  }, 500_000);
}

/** Evicts the pod of an addon and returns the UID that it had. */
async function evict(space: Space, name: string): Promise<string> {
  const { uid } = (await space.pod(name)).metadata;
  const pod = `${name}-influx-0`;
  await space.api.send('POST', `${space.path('pods', pod)}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: pod, namespace: space.namespace },
  });
  return uid;
}
