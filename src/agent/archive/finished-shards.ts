import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;
/** A packed shard, and the same before it is packed, which the tool removes behind it: `<db>.<policy>.00007.00`. */
const PACKED = /^\d{8}T\d{6}Z\.s(\d+)\.tar\.gz$/;
const RAW = /\.(\d{5,})\.\d{2}$/;

/**
 * Names of the packed shards in a folder that the engine's tool will not write to any more, while it writes others.
 * Ends when the tool has ended: by then all are finished, those that were not named before too. Fails as the tool does.
 */
export async function* finishedShards(folder: string, tool: Promise<unknown>): AsyncGenerator<string> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  tool.then(end, end);
  const named = new Set<string>();
  let known = new Set<string>();
  while (!ended.signal.aborted) {
    const present = await readdir(folder).catch(() => []);
    const raw = new Set(present.map((name) => Number(RAW.exec(name)?.[1])));
    const packed = present.filter((name) => PACKED.test(name));
    for (const name of packed) {
      // A list is not of one moment: one that shows a new file need not show what was there already before it.
      const isFinished = known.has(name) && !raw.has(Number(PACKED.exec(name)?.[1]));
      if (!isFinished || named.has(name)) continue;
      if (ended.signal.aborted) break;
      named.add(name);
      yield name;
    }
    known = new Set(packed);
    await sleep(POLL_MS, undefined, { signal: ended.signal }).catch(() => {});
  }
  await tool;
}
