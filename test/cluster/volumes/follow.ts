import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Access } from '../kubeconfig.ts';

interface KubernetesObject {
  metadata?: { uid?: string; resourceVersion?: string };
}

/**
 * Keeps `objects` (by uid) as the API server has them until aborted: a list, then a watch from there, and all
 * over again whatever ends it. Simple rather than thrifty: a bed has hundreds of claims, not millions.
 */
export async function follow<T extends KubernetesObject>(
  access: Access,
  path: string,
  objects: Map<string, T>,
  onChange: () => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const list = await readAll<{ items: T[]; metadata: { resourceVersion: string } }>(access, path, signal);
      objects.clear();
      for (const item of list.items) objects.set(item.metadata?.uid ?? '', item);
      onChange();
      const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${list.metadata.resourceVersion}`;
      const answer = await get(access, `${path}?${query}`, signal);
      for await (const line of createInterface({ input: answer })) {
        const event = JSON.parse(line) as { type: string; object: T };
        if (event.type === 'ERROR') break;
        if (event.type === 'BOOKMARK') continue;
        if (event.type === 'DELETED') objects.delete(event.object.metadata?.uid ?? '');
        else objects.set(event.object.metadata?.uid ?? '', event.object);
        onChange();
      }
    } catch (error) {
      if (!signal.aborted) console.error(`${path}: ${String(error)}`);
    }
    await delay(200, undefined, { signal }).catch(() => {});
  }
}

async function readAll<T>(access: Access, path: string, signal: AbortSignal): Promise<T> {
  const answer = await get(access, path, signal);
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk as string;
  return JSON.parse(text) as T;
}

function get(access: Access, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${access.token}` };
    const sent = request(new URL(path, access.server), { headers, ca: access.ca, signal }, (answer) => {
      if (answer.statusCode === 200) return resolve(answer);
      answer.resume();
      reject(new Error(`GET answered ${answer.statusCode}`));
    });
    sent.on('error', reject);
    sent.end();
  });
}
