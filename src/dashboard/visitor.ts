import type { InfluxAddon } from '../api/influx-addon.ts';
import type { InfluxBackup } from '../api/influx-backup.ts';
import type { KubeClient } from '../kube/api/client.ts';
import type { Live } from '../kube/objects/types.ts';
import type { Command, Download, Outcome } from './wire.ts';

/** The cluster as one visitor sees it, with that visitor's rights and no others. */
export interface Visitor {
  readonly client: KubeClient;
  /** Where this visitor begins. */
  readonly namespace: string;
  /** Text of a path of the API, as it comes. */
  text(path: string, query: Record<string, string>, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** JSON of a path of the API, for kinds that we have no types of. Rejects with ApiError. */
  json(path: string, signal: AbortSignal): Promise<unknown>;
  /** A port of this machine that leads to a port of a pod, until it is closed. */
  forward(options: {
    namespace: string;
    pod: string;
    port: number;
    localPort: number;
  }): Promise<{ readonly port: number; close(): Promise<void> }>;
}

/**
 * The command line tool, whose words, rules and edits the page has: a page that edited by itself would come to say
 * something else.
 */
export interface Tool {
  /** Runs a verb for an addon. Rejects with Refused. */
  run(visitor: Visitor, addon: AddonKey, command: Command, signal: AbortSignal): Promise<Outcome>;
  /** What happens now, why, and what is next. Pure. */
  story(addon: Live<InfluxAddon>, now: Date): string[];
  /** Settings in words. Pure. */
  settings(addon: Live<InfluxAddon>, now: Date): (readonly [string, string | undefined])[];
  /** The verb that fetches a backup, or why none does. Pure. */
  download(backup: Live<InfluxBackup>): Download;
  /** The whole connection URL, with the visitor's own right to the Secret. Rejects with Refused. */
  url(visitor: Visitor, addon: AddonKey): Promise<string>;
}

export interface AddonKey {
  readonly namespace: string;
  readonly name: string;
}

/** What a visitor is told instead of an answer. */
export class Refused extends Error {
  override readonly name = 'Refused';
  /** HTTP status. */
  readonly status: number;

  constructor(status: number, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.status = status;
  }
}
