import type { Database } from '../database.ts';
import type { Ack } from './writer.ts';

/** The acknowledged points that the database does not have. */
export async function lostPoints(database: Database, acks: readonly Ack[]): Promise<Ack[]> {
  const lost: Ack[] = [];
  for (const writer of new Set(acks.map((ack) => ack.writer))) {
    const { error, rows } = await database.asUser(`SELECT n FROM demo WHERE writer = '${writer}'`);
    if (error !== undefined) throw new Error(`points of ${writer}: ${error}`);
    const found = new Set(rows.map(([time]) => Date.parse(String(time))));
    lost.push(...acks.filter((ack) => ack.writer === writer && !found.has(ack.timestamp)));
  }
  return lost;
}
