import { appsOf } from '../../../api/addon-defaults.ts';
import { boundApp } from '../../edits/bound-app.ts';
import { changeAddon } from '../../edits/change.ts';
import type { Context } from '../../command/verb.ts';

/** Names an app that uses the database. */
export async function run(context: Context): Promise<void> {
  const { given } = context;
  const app = boundApp(given.argument(1), given.flag('inject'));
  const containers = given.texts('container');
  const entry = containers.length === 0 ? app : { ...app, containers };
  await changeAddon(
    context,
    given.argument(0),
    `bound to ${app.kind ?? 'Deployment'} ${app.name}`,
    (addon) => {
      const present = appsOf(addon).find(({ name }) => name === app.name);
      const same =
        present?.kind === (app.kind ?? 'Deployment') &&
        present.env === (app.env ?? 'FromSecret') &&
        (present.containers ?? []).join() === containers.join();
      if (same) return undefined;
      const others = (addon.spec.apps ?? []).filter(({ name }) => name !== app.name);
      return { apps: [...others, entry] };
    },
  );
}
