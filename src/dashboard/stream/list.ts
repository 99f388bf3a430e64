import { InfluxAddon } from '../../api/kinds.ts';
import { Pulse } from './pulse.ts';
import { rowOf } from '../shown/rows.ts';
import { Told } from './told.ts';
import type { Visitor } from '../visitor.ts';
import { watching } from './watching.ts';
import { keyOfRow, type ListMessages, type Row } from '../wire.ts';

/** Sends one message; resolves when the other side can take another. */
export type Send<Messages> = <Name extends keyof Messages>(name: Name, data: Messages[Name]) => Promise<void>;

/** Of a burst of changes, this much is told as one. */
const GATHER_MS = 50;
const QUIET_MS = 60_000;

/**
 * The list, and then what changes in it, until the signal is aborted. Empty `namespace`: of all. A browser that is
 * slow is sent less often, and not more at once.
 */
export async function streamList(
  visitor: Visitor,
  namespace: string,
  send: Send<ListMessages>,
  signal: AbortSignal,
): Promise<void> {
  const told = new Told();
  const pulse = new Pulse();
  const changed = new Set<string>();
  const addons = watching(
    visitor,
    { kind: InfluxAddon, namespace },
    (key) => {
      if (key !== undefined) changed.add(key);
      pulse.beat();
    },
    signal,
  );
  let first = true;
  while (!signal.aborted) {
    await pulse.next({ gatherMs: first ? 0 : GATHER_MS, mostMs: QUIET_MS, signal });
    if (signal.aborted) return;
    const trouble = addons.trouble() ?? '';
    if (told.news('trouble', trouble)) await send('trouble', trouble);
    if (!addons.store.hasSynced) continue;
    const keys = [...changed];
    changed.clear();
    if (first) {
      const rows = [...addons.store.list()].map(rowOf);
      for (const row of rows) told.news(keyOfRow(row), row);
      first = false;
      await send('rows', rows);
      continue;
    }
    const news = keys.map((key) => ({ key, row: rowAt(key) })).filter(({ key, row }) => told.news(key, row));
    const rows = news.map(({ row }) => row).filter((row) => row !== undefined);
    const gone = news.filter(({ row }) => row === undefined).map(({ key }) => key);
    if (news.length > 0) await send('changed', { rows, gone });
  }

  function rowAt(key: string): Row | undefined {
    const addon = addons.store.get(key);
    return addon === undefined ? undefined : rowOf(addon);
  }
}
