import { findAddon } from '../../edits/find.ts';
import { printed } from '../../output/printed.ts';
import { story } from '../../output/story.ts';
import type { Context } from '../../command/verb.ts';

/** What happens now, why, and what is next. */
export async function run(context: Context): Promise<void> {
  const addon = await findAddon(await context.cluster(), context.given.argument(0));
  if (await printed(context, [addon], true)) return;
  for (const line of story(addon, context.now())) context.terminal.say(line);
}
