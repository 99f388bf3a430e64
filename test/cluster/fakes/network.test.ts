import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type PodNetwork, takeNetwork } from './kubelet/network.ts';

const held: PodNetwork[] = [];
const take = async (wanted?: string): Promise<PodNetwork> => {
  const network = await takeNetwork(wanted);
  held.push(network);
  return network;
};
afterEach(() => Promise.all(held.splice(0).map((network) => network.release())));

const prefix = (network: PodNetwork): string => network.nextAddress().split('.').slice(0, 2).join('.');

test('two nodes never share a network, and one that was given back is free again', async () => {
  const [one, two] = await Promise.all([take(), take()]);
  expect(prefix(one)).not.toBe(prefix(two));
  const wanted = `${prefix(one)}.0.0/16`;
  await expect(take(wanted)).rejects.toThrow(`${wanted} is taken`);
  await one.release();
  expect(prefix(await take(wanted))).toBe(prefix(one));
});

test('an address is given once, on which a pod can listen at the engine’s port', async () => {
  const network = await take();
  const addresses = Array.from({ length: 600 }, () => network.nextAddress());
  expect(new Set(addresses).size).toBe(600);
  expect(
    addresses.every((address) => /^127\.\d+\.[0-2]\.([1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-4])$/.test(address)),
  ).toBe(true);
  const server = createServer().listen(8086, addresses[599]);
  await once(server, 'listening');
  server.close();
});

test('a network has to be a /16 of loopback', async () => {
  await expect(take('10.0.0.0/16')).rejects.toThrow('network has to be a /16 of 127.0.0.0/8');
});
