import { BUILT_PAGE } from '../../../dashboard/built-page.ts';
import { serveDashboard } from '../../../dashboard/serve.ts';
import { VERSION } from '../../../version.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import type { Context } from '../../command/verb.ts';
import { TOOL, visitorOf } from '../../page/tool.ts';
import { clusterWords, downloadOf } from '../data/downloadable.ts';
import { openInBrowser } from './browser.ts';

/** Serves the page with the rights of the kubeconfig, on loopback, until Ctrl-C. */
export async function run(context: Context): Promise<void> {
  const { given, terminal, signal } = context;
  if (BUILT_PAGE === undefined)
    throw new CliError(
      EXIT.refused,
      'the page is not in the sources as they are: npm run build:cli packs it',
    );
  const port = given.number('port', { min: 0, max: 65_535 }) ?? 0;
  const cluster = await context.cluster();
  const words = clusterWords(given);
  const served = await serveDashboard({
    port,
    page: BUILT_PAGE,
    visitor: visitorOf(cluster),
    tool: { ...TOOL, download: (backup) => downloadOf(backup, words) },
    namespace: given.text('namespace'),
    version: VERSION,
    signal,
    note: (line) => terminal.note(line),
  }).catch((error: unknown) => {
    throw taken(error, port);
  });
  terminal.say(served.address);
  terminal.note('Whoever has this address acts with your rights. Ctrl-C ends it.');
  const browser = given.flag('no-open')
    ? undefined
    : await openInBrowser(served.address, terminal.environment);
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await Promise.all([served.close(), browser?.forget()]);
}

function taken(error: unknown, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EADDRINUSE' || code === 'EACCES'
    ? new CliError(EXIT.refused, `port ${port} cannot be had here: say another --port`, { cause: error })
    : error;
}
