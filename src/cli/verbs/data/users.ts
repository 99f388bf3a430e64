import { userOfName } from '../../../addon/identity/login.ts';
import type { InfluxAddonSpec, InfluxAddonStatus } from '../../../api/influx-addon.ts';
import { userSecretName } from '../../../addon/world/names.ts';
import { changeAddon } from '../../edits/change.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import { findAddon } from '../../edits/find.ts';
import { table } from '../../output/table.ts';
import type { Context } from '../../command/verb.ts';

type User = NonNullable<InfluxAddonSpec['users']>[number];
type Found = NonNullable<InfluxAddonStatus['users']>[number];

/** Those of the spec, and those that the database has besides. */
export async function list(context: Context): Promise<void> {
  const addon = await findAddon(await context.cluster(), context.given.argument(0));
  const { name } = addon.metadata;
  const wanted = addon.spec.users ?? [];
  // Of one that is listed the database has another name after a rotation, and during one both.
  const found = (addon.status?.users ?? []).filter(
    (user) => !wanted.some((each) => each.name === (user.listed ? userOfName(user.name) : user.name)),
  );
  const rows = [
    ...wanted.map((user) => [user.name, user.access, 'yes', userSecretName(name, user.name)]),
    ...found.map((user) => [user.name, accessOf(user), 'no', '']),
  ];
  for (const line of table(['USER', 'ACCESS', 'IN SPEC', 'SECRET'], rows)) context.terminal.say(line);
}

function accessOf({ listed, administrator }: Found): string {
  if (listed) return 'being dropped';
  return administrator === true ? 'administrator' : 'its own';
}

/** Adds a user, or changes what it may do. Its password is made by the operator. */
export async function add(context: Context): Promise<void> {
  const { given, terminal } = context;
  const name = given.argument(1);
  const access = (given.text('access') ?? 'Read') as User['access'];
  const addon = await changeAddon(
    context,
    given.argument(0),
    `user ${name} with ${access} access`,
    ({ spec }) => {
      const users = spec.users ?? [];
      if (users.some((user) => user.name === name && user.access === access)) return undefined;
      return { users: [...users.filter((user) => user.name !== name), { name, access }] };
    },
  );
  terminal.say(`Its URL is in the Secret ${userSecretName(addon.metadata.name, name)}`);
}

/** Takes a user out of the spec: it is dropped, and its Secret goes. */
export async function remove(context: Context): Promise<void> {
  const { given } = context;
  const name = given.argument(1);
  await changeAddon(context, given.argument(0), `user ${name} is dropped`, ({ spec }) => {
    const users = spec.users ?? [];
    if (!users.some((user) => user.name === name))
      throw new CliError(
        EXIT.notFound,
        `the spec has no user ${name}; it has: ${users.map((user) => user.name).join(', ') || 'none'}`,
      );
    return { users: users.filter((user) => user.name !== name) };
  });
}
