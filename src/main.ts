import { ConfigError, helpText, parseConfig } from './config.ts';
import { runOperator } from './operator/run.ts';
import { makeLogger } from './telemetry/log.ts';
import { VERSION } from './version.ts';

const USAGE = `usage: influxaddon-operator <command> [flags]

commands:
  operator   operate the addons of a cluster
  version    print the version

'operator --help' lists the flags.
`;

/** Returns the exit code. */
async function main([command, ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case 'operator':
      return await operator(args);
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
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(helpText());
    return 0;
  }
  const config = parseConfig(args, process.env);
  const log = await makeLogger(config);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info({ signal }, 'stopping');
      stop.abort();
    });
  }
  // A failure nobody handled leaves the process in an unknown state: the next one starts from what the cluster holds.
  process.on('unhandledRejection', (error) => {
    log.error({ error }, 'unhandled rejection');
    process.exit(70);
  });
  try {
    await runOperator(config, log, stop.signal);
    return 0;
  } catch (error) {
    log.error({ error }, 'the operator ends');
    return 1;
  }
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(2);
}
