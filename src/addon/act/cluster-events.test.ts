import { expect, it } from 'vitest';
import { KubeClient } from '../../kube/api/client.ts';
import type { Transport } from '../../kube/api/transport.ts';
import { VirtualClock } from '../../kube/testing/virtual-clock.ts';
import { WarningEvents } from '../../kube/warning-events.ts';
import { readEvents } from './cluster-events.ts';

it('finds the newest word on any of the names in one list', async () => {
  const event = (name: string, reason: string, minute: number, message: string) => ({
    involvedObject: { name },
    reason,
    message,
    lastTimestamp: `2030-01-01T00:0${minute}:00Z`,
  });
  const items = [
    event('db-influx', 'FailedCreate', 1, 'exceeded quota: small'),
    event('db-influx-data', 'ProvisioningFailed', 2, 'no room'),
    event('other', 'FailedCreate', 3, 'of somebody else'),
    event('db-influx', 'BackOff', 4, 'no explanation'),
  ];
  const asked: string[] = [];
  const transport: Transport = {
    request: ({ method, path, query }) => {
      asked.push(`${method} ${path} ${query?.['fieldSelector']}`);
      return Promise.resolve({ metadata: {}, items });
    },
    watch: () => {
      throw new Error('nobody watches');
    },
    close: () => Promise.resolve(),
  };
  const client = new KubeClient(transport, { fieldManager: 'test' });
  const told = await readEvents(
    new WarningEvents(client, new VirtualClock()),
    'shop',
    ['db-influx', 'db-influx-data'],
    new AbortController().signal,
  );
  expect(told).toEqual({ message: 'no room', quota: false });
  expect(asked).toEqual(['GET /api/v1/namespaces/shop/events type=Warning']);
});
