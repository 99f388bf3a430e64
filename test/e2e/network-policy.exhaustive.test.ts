import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADDRESSES, CASES, clusterOf, type Probe } from '../cluster/network-policy/cases.ts';
import { compile } from '../cluster/network-policy/compile.ts';
import { rulesetOf } from '../cluster/network-policy/ruleset.ts';
import { type Node, startNode } from '../cluster/node.ts';

/** The table of the documentation, asked of a kernel: a namespace for each place, and a router with the rules between. */
let node: Node;

beforeAll(async () => {
  node = await startNode({ volumes: false });
  await node.runInside('ip', ['netns', 'add', 'router']);
  await inside('router', 'ip', 'link', 'set', 'lo', 'up');
  for (const [place, address] of Object.entries(ADDRESSES)) {
    await node.runInside('ip', ['netns', 'add', place]);
    await inside(
      'router',
      'ip',
      'link',
      'add',
      place,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      place,
    );
    await inside('router', 'ip', 'link', 'set', place, 'up');
    await inside('router', 'ip', 'route', 'add', `${address}/32`, 'dev', place);
    await inside('router', 'sh', '-c', `echo 1 > /proc/sys/net/ipv4/conf/${place}/proxy_arp`);
    await inside(place, 'ip', 'link', 'set', 'lo', 'up');
    await inside(place, 'ip', 'addr', 'add', `${address}/32`, 'dev', 'eth0');
    await inside(place, 'ip', 'link', 'set', 'eth0', 'up');
    await inside(place, 'ip', 'route', 'add', 'default', 'dev', 'eth0');
  }
  await inside('router', 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
});

afterAll(() => node?.stop());

describe('a kernel with the rules of the double', () => {
  test.each(CASES)('$name', async ({ policies, probes }) => {
    const ruleset = rulesetOf(compile(clusterOf({ policies })));
    await inside('router', 'sh', '-c', `nft -f - <<'EOF'\n${ruleset}EOF`);
    const answers = await Promise.all(probes.map(connected));
    const expected = probes.map(({ allowed }) => (allowed ? 'ECONNREFUSED' : 'EHOSTUNREACH'));
    expect(answers).toEqual(expected);
  });
});

/** Nobody listens anywhere: who gets there is refused by the destination, who does not is told so by the router. */
async function connected({ from, to, port }: Probe): Promise<string> {
  const program = `
    require('node:net').connect(${port}, '${ADDRESSES[to]}')
      .on('error', ({ code }) => console.log(code))
      .setTimeout(5000, () => { console.log('silence'); process.exit(); })`;
  return (await inside(from, process.execPath, '-e', program)).trim();
}

async function inside(place: string, command: string, ...args: string[]): Promise<string> {
  return await node.runInside('nsenter', [`--net=/run/netns/${place}`, '--', command, ...args]);
}
