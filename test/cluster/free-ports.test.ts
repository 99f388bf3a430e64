import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { freePort, freePorts } from './free-ports.ts';

test('ports differ, also when they are drawn at the same time, and more than a block has', async () => {
  const drawn = await Promise.all([freePorts(150), freePorts(3), freePort()]);
  expect(new Set(drawn.flat()).size).toBe(154);
});

test('ports are none that the kernel gives to connections, and no node ports', async () => {
  const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/).map(Number);
  const [low = 0, high = 0] = range;
  for (const port of await freePorts(20)) {
    expect(port < low || port > high).toBe(true);
    expect(port).toBeLessThan(30_000);
  }
});

test('a port on which somebody listens is passed over', async () => {
  const port = await freePort();
  const server = createServer().listen(port + 1, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  expect(await freePort()).not.toBe(port + 1);
});

test('processes that draw at the same time get different ports', async () => {
  const drawn = await Promise.all([1, 2, 3].map(() => drawnByAnotherProcess()));
  expect(new Set([...drawn.flat(), ...(await freePorts(150))]).size).toBe(3 * 150 + 150);
});

/** It lives until the test has ended: what a dead process had is free again, and may be drawn again. */
async function drawnByAnotherProcess(): Promise<number[]> {
  const program = `import { freePorts } from ${JSON.stringify(join(import.meta.dirname, 'free-ports.ts'))};
    console.log(JSON.stringify(await freePorts(150)));
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return JSON.parse(line) as number[];
}
