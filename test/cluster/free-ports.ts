import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

/** Above what programs have by custom, below Kubernetes' node ports. */
const FIRST = 12_000;
const END = 30_000;
const SIZE = 100;

/** Ports of the blocks that this process has taken, never given out before. */
let left: number[] = [];
let drawing: Promise<unknown> = Promise.resolve();

/**
 * Ports on which nobody listens, this process's alone until it ends. Whoever is started with one may be started again
 * and finds it free: they lie outside of those that the kernel gives to connections and to whoever asks for any, and
 * in blocks that one process at a time has.
 */
export function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const drawn = drawing.then(() => draw(count, host));
  drawing = drawn.catch(() => {});
  return drawn;
}

export async function freePort(host?: string): Promise<number> {
  const [port] = await freePorts(1, host);
  if (port === undefined) throw new Error('no port is free');
  return port;
}

async function draw(count: number, host: string): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = left.shift();
    if (port === undefined) left = await takeBlock();
    else if (await isFree(port, host)) ports.push(port);
  }
  return ports;
}

/**
 * The first port of a block stands for all of it: whoever listens there has the block. The kernel ends that with the
 * process, so nothing is left to be cleaned up.
 */
async function takeBlock(): Promise<number[]> {
  const blocks = blockStarts();
  for (let index = 0; index < blocks.length; index += 1) {
    // Each process begins elsewhere: most find their block at the first try.
    const start = blocks[(process.pid + index) % blocks.length] ?? FIRST;
    if ((await listen(start, '127.0.0.1')) === undefined) continue;
    return Array.from({ length: SIZE - 1 }, (_, offset) => start + 1 + offset);
  }
  throw new Error(`no block of ports is free between ${FIRST} and ${END}`);
}

/** Where the machine gives all of them to connections, they are no worse than any others. */
function blockStarts(): number[] {
  const all = Array.from({ length: (END - FIRST) / SIZE }, (_, index) => FIRST + index * SIZE);
  const [low, high] = ephemeralRange();
  const apart = all.filter((start) => start > high || start + SIZE <= low);
  return apart.length > 0 ? apart : all;
}

function ephemeralRange(): [low: number, high: number] {
  try {
    const [low, high] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
      .split(/\s+/)
      .map(Number);
    if (low !== undefined && high !== undefined) return [low, high];
  } catch {
    // Not Linux: the range that IANA names.
  }
  return [49_152, 65_535];
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = await listen(port, host);
  if (server === undefined) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}

async function listen(port: number, host: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return await new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen({ port, host, exclusive: true }, () => resolve(server.unref()));
  });
}
