import { createServer, type Server } from 'node:net';

/** The loopback addresses that one fake node gives to its pods, nobody else's while it is held. */
export interface PodNetwork {
  nextAddress(): string;
  release(): Promise<void>;
}

const FIRST = 64;
const COUNT = 128;
/** Of every pod's engine: a program that listens there on all addresses leaves no network free, and is told at once. */
const PORT = 8086;

/**
 * Takes a /16 of 127.0.0.0/8 by listening on its last address. The kernel gives an address to one process only and
 * takes it back when that one ends, however it ends.
 *
 * @param wanted for example `127.70.0.0/16`; default: the first that is free
 */
export async function takeNetwork(wanted?: string): Promise<PodNetwork> {
  // Each process begins elsewhere, so that what still speaks to the pods of a run before meets nobody.
  const candidates =
    wanted === undefined
      ? Array.from({ length: COUNT }, (_, index) => `127.${FIRST + ((process.pid + index) % COUNT)}`)
      : [prefixOf(wanted)];
  for (const prefix of candidates) {
    const guard = await listen(`${prefix}.255.254`);
    if (guard !== undefined) return networkOf(prefix, guard);
  }
  throw new Error(
    `${wanted ?? 'every network'} is taken: another fake node has it, or a program listens on port ${PORT} of all addresses`,
  );
}

function networkOf(prefix: string, guard: Server): PodNetwork {
  let given = 0;
  return {
    nextAddress: () => {
      // .0 and .255 are left out: they look like a network and a broadcast. So is the last row, with the guard in it.
      const count = given++ % (254 * 255);
      return `${prefix}.${Math.floor(count / 254)}.${(count % 254) + 1}`;
    },
    release: () => new Promise((resolve) => guard.close(() => resolve())),
  };
}

function prefixOf(network: string): string {
  const found = /^(127\.\d+)\.0\.0\/16$/.exec(network);
  if (!found?.[1]) throw new Error(`network has to be a /16 of 127.0.0.0/8, not ${network}`);
  return found[1];
}

/** Undefined when somebody listens there; any other failure is told. */
async function listen(address: string): Promise<Server | undefined> {
  const guard = createServer((socket) => socket.destroy());
  return await new Promise((resolve, reject) => {
    guard.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    guard.listen({ port: PORT, host: address, exclusive: true }, () => resolve(guard.unref()));
  });
}
