import { createInterface } from 'node:readline';
import { ENGINE_PORT } from '../../../influx/pod-parts.ts';
import { childNames } from '../../../addon/world/names.ts';
import { InfluxClient } from '../../../influx/v1/client.ts';
import { InfluxError } from '../../../influx/influx-error.ts';
import { HttpInfluxTransport, type InfluxTls } from '../../../influx/transport.ts';
import { Secret } from '../../../kube/objects/kinds.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import { findAddon } from '../../edits/find.ts';
import { resultLines, type ResultFormat } from '../../output/results.ts';
import { runShell, shellPath } from '../../shell.ts';
import type { Context, Forwarded } from '../../command/verb.ts';
import { connectionUrl } from '../apps/env.ts';

/** InfluxQL on the database through a tunnel, as the application's user: the `influx` of this machine, or a small one. */
export async function run(context: Context): Promise<void> {
  const { given } = context;
  const cluster = await context.cluster();
  const addon = await findAddon(cluster, given.argument(0));
  const url = new URL(await connectionUrl(cluster, addon));
  const names = childNames(addon.metadata.name);
  const { namespace = '' } = addon.metadata;
  let tls: InfluxTls | undefined;
  if (url.protocol === 'https:') {
    const secret = await cluster.client.get(Secret, { namespace, name: names.bindingSecret });
    const ca = Buffer.from(secret?.data?.['ca.crt'] ?? '', 'base64').toString('utf8');
    tls = { ca, servername: url.hostname };
  }
  const tunnel = await cluster.forward({ pod: names.pod, port: ENGINE_PORT, localPort: 0 });
  try {
    const execute = given.text('execute');
    const path = execute === undefined && !given.flag('builtin') ? await shellPath(context) : undefined;
    if (path === undefined) await builtin(context, url, tunnel, tls, execute);
    else await runShell(context, path, url, tunnel.port);
  } finally {
    await tunnel.close();
  }
}

async function builtin(
  context: Context,
  url: URL,
  tunnel: Forwarded,
  tls: InfluxTls | undefined,
  execute: string | undefined,
): Promise<void> {
  const { given, terminal, signal } = context;
  const transport = new HttpInfluxTransport();
  const endpoint = { host: '127.0.0.1', port: tunnel.port, ...(tls === undefined ? {} : { tls }) };
  const login = { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  const client = new InfluxClient(transport, endpoint, login, { timeoutMs: 120_000 });
  const format = (given.text('format') ?? 'column') as ResultFormat;
  const options = { db: url.pathname.slice(1), signal };
  const ask = async (statement: string): Promise<void> => {
    for (const result of await client.query(statement, options)) {
      for (const line of resultLines(result, format)) terminal.say(line);
      if (result.error !== undefined) throw result.error;
    }
  };
  try {
    if (execute !== undefined) await ask(execute);
    else await interactive(context, options.db, ask);
  } catch (error) {
    signal.throwIfAborted();
    throw new CliError(EXIT.refused, `ERR: ${InfluxError.from(error).message}`, { cause: error });
  } finally {
    await transport.close();
  }
}

/** A statement a line, until `exit` or the end of the input. What a statement did wrong is told, and the next may come. */
async function interactive(
  { terminal, signal }: Context,
  database: string,
  ask: (statement: string) => Promise<void>,
): Promise<void> {
  const people = terminal.ask !== undefined;
  const lines = createInterface({ input: terminal.stdin, terminal: false, signal });
  const prompt = (): void => (people ? terminal.write('> ') : undefined);
  if (people) terminal.note(`InfluxQL on ${database}; "exit" ends it`);
  prompt();
  for await (const line of lines) {
    const statement = line.trim();
    if (statement === 'exit' || statement === 'quit') return;
    if (statement !== '') {
      try {
        await ask(statement);
      } catch (error) {
        signal.throwIfAborted();
        if (!people) throw error;
        terminal.note(`ERR: ${InfluxError.from(error).message}`);
      }
    }
    prompt();
  }
}
