import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface OpenedBrowser {
  /** Takes away what led there. */
  forget(): Promise<void>;
}

/**
 * Shows an address in the browser of this machine, by way of a file that only its user may read: everybody on the
 * machine sees the arguments of processes, and the address has a token in it. Undefined where there is no desktop, or
 * nothing that opens files.
 */
export async function openInBrowser(
  address: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<OpenedBrowser | undefined> {
  const opener = openerOf(platform(), environment);
  if (opener === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'kubectl-influx-'));
  const file = join(folder, 'dashboard.html');
  await writeFile(file, leadingTo(address), { mode: 0o600 });
  const [command, ...args] = opener;
  const child = spawn(command, [...args, pathToFileURL(file).href], { stdio: 'ignore', detached: true });
  // The address is on the terminal: who has no browser is told enough.
  child.once('error', () => {});
  child.unref();
  return { forget: () => rm(folder, { recursive: true, force: true }) };
}

/** A command and its first arguments. */
export function openerOf(
  system: string,
  environment: Readonly<Record<string, string | undefined>>,
): readonly [string, ...string[]] | undefined {
  if (system === 'darwin') return ['open'];
  if (system === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  const desktop = environment['DISPLAY'] ?? environment['WAYLAND_DISPLAY'] ?? '';
  return desktop === '' ? undefined : ['xdg-open'];
}

/** A page that is left at once. */
export function leadingTo(address: string): string {
  const escaped = address.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0; url=${escaped}"><a href="${escaped}">InfluxDB addons</a>\n`;
}
