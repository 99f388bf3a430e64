import type { Operation } from './backup/protocol.ts';
import { VERSION } from './version.ts';

// Each command loads what it needs: the agent is there all the time beside every database, and is to cost nothing.

const USAGE = `usage: influxaddon-operator <command> [flags]

commands:
  operator   operate the addons of a cluster
  agent      forward backups of the database in this pod
  backup, restore, drill, import, delete, list, check
             work on backups, as the Jobs of the operator do
  version    print the version

'operator --help' lists the flags.
`;

/** Returns the exit code. */
async function main([command, ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case 'operator':
      return await operator(args);
    case 'agent':
      return await agent();
    case 'backup':
    case 'restore':
    case 'drill':
    case 'import':
    case 'copy':
    case 'delete':
    case 'list':
    case 'check':
      return await job(command);
    case 'version':
    case '--version':
      process.stdout.write(`${VERSION}\n`);
      return 0;
    case '--help':
    case '-h':
      process.stdout.write(USAGE);
      return 0;
    default:
      process.stderr.write(USAGE);
      return 2;
  }
}

async function operator(args: readonly string[]): Promise<number> {
  const { ConfigError, helpText, parseConfig } = await import('./config.ts');
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(helpText());
    return 0;
  }
  let config;
  try {
    config = parseConfig(args, process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  const { makeLogger } = await import('./telemetry/log.ts');
  const { runOperator } = await import('./operator/run.ts');
  const log = await makeLogger(config);
  const stop = stopSignal((signal) => log.info({ signal }, 'stopping'));
  // A failure nobody handled leaves the process in an unknown state: the next one starts from what the cluster holds.
  process.on('unhandledRejection', (error) => {
    log.error({ error }, 'unhandled rejection');
    process.exit(70);
  });
  try {
    await runOperator(config, log, stop);
    return 0;
  } catch (error) {
    log.error({ error }, 'the operator ends');
    return 1;
  }
}

async function agent(): Promise<number> {
  const { startAgent } = await import('./agent/agent.ts');
  const { AGENT_DIR, AGENT_PORT } = await import('./backup/agent-files.ts');
  const stop = stopSignal();
  const forwarder = await startAgent({ port: AGENT_PORT, rpcPort: 8088, files: AGENT_DIR, log: say });
  say('listening');
  await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
  await forwarder.close();
  return 0;
}

async function job(operation: Operation): Promise<number> {
  const { runJob } = await import('./agent/job/run-job.ts');
  const { ok } = await runJob(operation, { variables: process.env, stop: stopSignal(), log: say });
  return ok ? 0 : 1;
}

/** One line of JSON, as the operator writes them. */
function say(message: string, details: Readonly<Record<string, string | number>> = {}): void {
  const line = { time: new Date().toISOString(), ...details, msg: message };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function stopSignal(told: (signal: string) => void = () => {}): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      told(signal);
      stop.abort();
    });
  }
  return stop.signal;
}

process.exit(await main(process.argv.slice(2)));
