import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CliError, EXIT } from './cli-error.ts';
import type { Context } from './command/verb.ts';

/** Where the engine's own shell is on this machine; undefined when it is not. */
export function shellPath({ terminal }: Context): string | undefined {
  const folders = (terminal.environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders
    .map((folder) => join(folder, 'influx'))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * Runs `influx` of InfluxDB 1.x on the tunnel. The password is in its environment, not in its arguments, which everybody
 * on the machine sees. The tunnel has verified the API server, and the name in the certificate is not the tunnel's:
 * hence `-unsafeSsl`.
 */
export async function runShell(context: Context, path: string, url: URL, port: number): Promise<void> {
  const tls = url.protocol === 'https:' ? ['-ssl', '-unsafeSsl'] : [];
  const args = ['-host', '127.0.0.1', '-port', String(port), '-database', url.pathname.slice(1), ...tls];
  const child = spawn(path, [...args, '-precision', 'rfc3339'], {
    stdio: 'inherit',
    env: {
      ...context.terminal.environment,
      INFLUX_USERNAME: decodeURIComponent(url.username),
      INFLUX_PASSWORD: decodeURIComponent(url.password),
    },
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? 1));
  });
  if (code !== 0) throw new CliError(EXIT.refused, `influx ended with ${code}`);
}
