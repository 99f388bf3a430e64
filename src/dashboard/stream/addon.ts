import { InfluxAddon, InfluxBackup, InfluxRestore } from '../../api/kinds.ts';
import { Event } from '../../kube/objects/kinds.ts';
import { backupLines, detailOf, eventLines, restoreLines } from '../shown/detail.ts';
import type { Send } from './list.ts';
import { Pulse } from './pulse.ts';
import { Told } from './told.ts';
import type { AddonKey, Tool, Visitor } from '../visitor.ts';
import { watching } from './watching.ts';
import type { AddonMessages } from '../wire.ts';

const GATHER_MS = 50;
/** The story says how long ago things were; nothing is asked of anybody for it. */
const STORY_MS = 20_000;

/** An addon with everything beside it, section by section, until the signal is aborted. Reads no Secret. */
export async function streamAddon(
  visitor: Visitor,
  { namespace, name }: AddonKey,
  tool: Tool,
  send: Send<AddonMessages>,
  signal: AbortSignal,
): Promise<void> {
  const told = new Told();
  const pulse = new Pulse();
  const beat = (): void => pulse.beat();
  const of = <T extends object>(what: T) => ({ namespace, ...what });
  const addons = watching(
    visitor,
    of({ kind: InfluxAddon, fieldSelector: `metadata.name=${name}` }),
    beat,
    signal,
  );
  const backups = watching(visitor, of({ kind: InfluxBackup }), beat, signal);
  const restores = watching(visitor, of({ kind: InfluxRestore }), beat, signal);
  const events = watching(
    visitor,
    of({ kind: Event, fieldSelector: `regarding.kind=InfluxAddon,regarding.name=${name}` }),
    beat,
    signal,
  );
  const tell: Send<AddonMessages> = async (section, data) => {
    if (told.news(section, data)) await send(section, data);
  };
  let first = true;
  while (!signal.aborted) {
    await pulse.next({ gatherMs: first ? 0 : GATHER_MS, mostMs: STORY_MS, signal });
    if (signal.aborted) return;
    const troubles = [addons, backups, restores, events].map((each) => each.trouble());
    await tell('trouble', troubles.filter((each) => each !== undefined).join('; '));
    if (!addons.store.hasSynced) continue;
    first = false;
    const addon = addons.store.get(`${namespace}/${name}`);
    const now = new Date();
    await tell('addon', addon === undefined ? null : detailOf(addon, tool, now));
    if (addon === undefined) continue;
    await tell('story', tool.story(addon, now));
    if (backups.store.hasSynced) await tell('backups', backupLines(backups.store.list(), addon, tool));
    if (restores.store.hasSynced) await tell('restores', restoreLines(restores.store.list(), name));
    if (events.store.hasSynced) await tell('events', eventLines(events.store.list()));
  }
}
