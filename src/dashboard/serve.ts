import { randomBytes } from 'node:crypto';
import { InfluxAddon } from '../api/kinds.ts';
import { ApiError } from '../kube/api/api-error.ts';
import type { PageFiles } from './built-page.ts';
import { dashboardApp } from './handler.ts';
import { type Listening, listen } from './listen.ts';
import type { Tool, Visitor } from './visitor.ts';

export interface ServeOptions {
  /** 0 for any free one. */
  readonly port: number;
  readonly page: PageFiles;
  readonly visitor: Visitor;
  readonly tool: Tool;
  /** Where the list begins; undefined: everywhere, or the visitor's own where that is all there is. */
  readonly namespace: string | undefined;
  readonly version: string;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

export interface Served extends Listening {
  /** With the token in its fragment, which browsers keep to themselves. */
  readonly address: string;
}

/** Serves the page on loopback, for whoever is told its address. */
export async function serveDashboard(options: ServeOptions): Promise<Served> {
  const token = randomBytes(32).toString('base64url');
  const { visitor, tool, page, version, signal, note } = options;
  const namespace = options.namespace ?? (await beginning(visitor, signal));
  const listening = await listen(options.port, (port) =>
    dashboardApp({
      door: { hosts: [`127.0.0.1:${port}`, `localhost:${port}`], schemes: ['http'], token },
      page,
      visitor,
      tool,
      namespace,
      version,
      signal,
      note,
    }),
  );
  return { ...listening, address: `http://127.0.0.1:${listening.port}/#token=${token}` };
}

/** Empty, for all namespaces, where the visitor may list them; else the visitor's own. Rejects with ApiError. */
export async function beginning({ client, namespace }: Visitor, signal: AbortSignal): Promise<string> {
  try {
    for await (const _ of client.pages(InfluxAddon, { limit: 1 }, signal)) break;
    return '';
  } catch (error) {
    if (ApiError.from(error).isForbidden) return namespace;
    throw error;
  }
}
