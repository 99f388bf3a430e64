import { kubeBinary, kubectl } from '../cluster/binaries.ts';
import { type Node, startNode } from '../cluster/node.ts';
import { sweepDeadBeds } from '../cluster/teardown.ts';
import { runDemo } from './demo.ts';
import { reportFailure } from './failure.ts';
import { Progress } from './progress.ts';

/**
 * `npm run demo`: from nothing to an application that writes through its addon's URL, on a Kubernetes node of its
 * own. Stays up until Ctrl-C; with ONCE=1 it takes everything down and exits 0, or not 0 with the reason.
 */
const once = (process.env['ONCE'] ?? '') !== '';
const progress = new Progress();
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new Error(`stopped by ${signal}`));
  });
}

const code = await main();
// Builds or downloads that a Ctrl-C interrupted in the middle have nothing left to do.
process.exit(code);

async function main(): Promise<number> {
  try {
    const [, command] = await progress.step(
      'Looking for the tools: the Kubernetes components, kubectl, Helm',
      'all there',
      () => interruptible(Promise.all([kubeBinary(progress.detail), kubectl(progress.detail)])),
    );
    return await withNode(command);
  } catch (error) {
    if (!stop.signal.aborted) progress.say(`FAILED: ${messageOf(error)}`);
    return stop.signal.aborted ? 130 : 1;
  }
}

/** A node for the demo, taken down at the end whatever comes. */
async function withNode(command: string): Promise<number> {
  const name = `demo-${process.pid}`;
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  const starting = progress.step(
    `Starting a Kubernetes node, ${name}, in namespaces of its own`,
    (started) => `node ${started.nodeName} is Ready at ${started.server}`,
    () => startNode({ name, auditLog: false, say: progress.detail, onFailure: broken.reject }),
  );
  let code = 0;
  let up: Node | undefined;
  starting.then(
    (node) => (up = node),
    () => {},
  );
  try {
    const running = runDemo({ progress, starting, command, signal: stop.signal });
    await interruptible(Promise.race([running, broken.promise]));
    if (!once) {
      progress.say('The demo goes on until Ctrl-C.');
      await new Promise<void>((resolve, reject) => {
        const alive = setInterval(() => {}, 2 ** 30);
        const end = (settle: () => void) => () => {
          clearInterval(alive);
          settle();
        };
        stop.signal.addEventListener('abort', end(resolve), { once: true });
        broken.promise.catch((error: unknown) => end(() => reject(error))());
      });
    }
  } catch (error) {
    code = stop.signal.aborted ? 130 : 1;
    if (code === 1) {
      progress.say(`FAILED: ${messageOf(error)}`);
      if (up !== undefined) await reportFailure(progress, up.kubeconfig);
    }
  }
  await progress.step('Taking the node down', 'nothing of it is left', async () => {
    // A start that is under way cannot be stopped half-way: it ends or fails first.
    const node = await starting.catch(() => undefined);
    await node?.stop();
    await sweepDeadBeds();
  });
  return code;
}

/** The same promise, given up when the user stops the demo. */
function interruptible<T>(promise: Promise<T>): Promise<T> {
  const { signal } = stop;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
