import { boundApp } from '../../edits/bound-app.ts';
import { changeAddon } from '../../edits/change.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import type { Context } from '../../command/verb.ts';

/** Takes an app from the list; injected variables go with it. */
export async function run(context: Context): Promise<void> {
  const { given } = context;
  const { name } = boundApp(given.argument(1), false);
  await changeAddon(context, given.argument(0), `no longer bound to ${name}`, ({ spec }) => {
    const apps = spec.apps ?? [];
    if (!apps.some((app) => app.name === name))
      throw new CliError(
        EXIT.notFound,
        `${name} is not bound; bound are: ${apps.map((app) => app.name).join(', ') || 'none'}`,
      );
    return { apps: apps.filter((app) => app.name !== name) };
  });
}
