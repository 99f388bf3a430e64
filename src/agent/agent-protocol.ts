/** What the agent says first, one byte: the tool behind the tunnel sees nothing of it. */
export const AGENT_GREETING = {
  /** The engine's backup port is connected; what follows is its own protocol. */
  ready: Buffer.from([1]),
  /** Nothing listens there: the engine is not up. */
  engineDown: Buffer.from([2]),
  busy: Buffer.from([3]),
} as const;

export const GREETING_BYTES = 1;

/** The engine multiplexes services on one port; this is the first byte of a connection to its snapshotter. */
const SNAPSHOTTER = 3;
/** Its requests that read: shard, meta data, database, retention policy, export. The others (6, 7) write. */
const READING: readonly number[] = [0, 1, 3, 4, 5];

/** Whether a connection's first two bytes ask for something that a backup needs. */
export function isReadRequest(head: Uint8Array): boolean {
  return head[0] === SNAPSHOTTER && READING.includes(head[1] ?? -1);
}
