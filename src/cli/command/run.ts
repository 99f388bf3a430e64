import { CliError, EXIT } from '../cli-error.ts';
import { helpLines } from './help.ts';
import { parse } from './parse.ts';
import type { Cluster, Terminal } from './verb.ts';
import { VERBS } from '../verbs.ts';
import { VERSION } from '../../version.ts';

/** Runs one command line (without the name of the program) and returns its exit code. */
export async function runCli(
  argv: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
  now: () => Date = () => new Date(),
): Promise<number> {
  let cluster: Promise<Cluster> | undefined;
  try {
    if (argv[0] === 'version' || argv[0] === '--version') {
      terminal.say(VERSION);
      return EXIT.done;
    }
    // What completion scripts ask for; not for people, so not among the verbs.
    if (argv[0] === '__complete') return await complete(argv.slice(1), terminal, signal);
    const parsed = parse(argv, VERBS);
    if (parsed.kind === 'help') {
      for (const line of helpLines(VERBS, parsed.verb)) terminal.say(line);
      return argv.length === 0 ? EXIT.usage : EXIT.done;
    }
    const { verb, given } = parsed;
    const connected = (): Promise<Cluster> =>
      (cluster ??= import('../cluster.ts').then(({ connect }) => connect(given, terminal.environment)));
    const run = await verb.load();
    await run({ verb, given, terminal, signal, now, cluster: connected });
    return EXIT.done;
  } catch (error) {
    if (signal.aborted) return 130;
    const { message, exitCode } = CliError.from(error);
    terminal.note(`error: ${message}`);
    return exitCode;
  } finally {
    await cluster?.then(
      (each) => each.close(),
      () => {},
    );
  }
}

async function complete(words: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<number> {
  const { complete: candidates } = await import('./complete.ts');
  for (const candidate of await candidates(words, terminal, signal)) terminal.say(candidate);
  return EXIT.done;
}
