import type { Flat } from './flat.ts';

/** What the conditions of the addons say against what their databases say of themselves, as sentences. */
export function untruths(end: Flat): string[] {
  const found: string[] = [];
  for (const [path, value] of end) {
    const addon = /^objects\.InfluxAddon\/([^.]+)\.status\.conditions\[Available\]\.status$/.exec(path)?.[1];
    if (addon === undefined || value !== '"True"') continue;
    const ready = end.get(`objects.InfluxAddon/${addon}.status.conditions[Ready].status`) === '"True"';
    if (end.get(`databases.${addon}`) === '"does not run"')
      found.push(`${addon} is Available and does not run`);
    const login = end.get(`databases.${addon}.login`) ?? '';
    const listens = end.get(`databases.${addon}.listens`) ?? '';
    if (ready && !login.includes('lets in')) found.push(`${addon} is Ready, and ${login}`);
    if (ready && listens !== '"as the URL says"') found.push(`${addon} is Ready, and listens ${listens}`);
  }
  return found;
}
