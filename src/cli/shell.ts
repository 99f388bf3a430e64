import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CliError, EXIT } from './cli-error.ts';
import type { Context } from './command/verb.ts';

/** One that does not say what it is within this is not waited for. */
const ASK_MS = 5_000;

/** Where the shell of InfluxDB 1.x is on this machine; undefined when it is not. The client of 2.x has the same name. */
export async function shellPath(
  { terminal: { environment } }: Pick<Context, 'terminal'>,
  askMs = ASK_MS,
): Promise<string | undefined> {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of folders) {
    const path = join(folder, 'influx');
    if (
      isExecutable(path) &&
      /^InfluxDB shell version: v?1\./m.test(await versionOf(path, environment, askMs))
    )
      return path;
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What it answers to `-version`, which all of 1.x know (1.7 takes the word `version` for nothing and begins); else nothing. */
async function versionOf(
  path: string,
  environment: Context['terminal']['environment'],
  askMs: number,
): Promise<string> {
  const child = spawn(path, ['-version'], { stdio: ['ignore', 'pipe', 'ignore'], env: environment });
  return new Promise((resolve) => {
    let said = '';
    const end = (answer: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      // What it may have started holds this open.
      child.stdout.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end(''), askMs);
    child.stdout.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(0, 4096)));
    child.once('error', () => end(''));
    child.once('close', (code) => end(code === 0 ? said : ''));
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
