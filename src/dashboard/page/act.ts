import { signal } from '@preact/signals';
import type { Command } from '../wire.ts';
import { perform } from './api.ts';
import { confirm, type Question, say } from './dialog.tsx';

interface Addon {
  readonly namespace: string;
  readonly name: string;
}

/** While something is sent: a second click sends nothing. */
export const busy = signal(false);

/** Does it, after asking where there is a question; says how it went. True when it was done. */
export async function act(addon: Addon, command: Command, question?: Question): Promise<boolean> {
  if (busy.value || (question !== undefined && !(await confirm(question)))) return false;
  return await sending(async () => {
    const { said } = await perform(addon, command);
    say(said.join('\n') || 'done');
  });
}

/** The same, with a question that has in it what the server says would happen. */
export async function actAfterPreview(addon: Addon, command: Command, yes: string): Promise<boolean> {
  let lines: readonly string[] = [];
  const possible = await sending(async () => {
    const preview = await perform(addon, { ...command, options: { ...command.options, 'dry-run': true } });
    lines = preview.noted;
  });
  if (!possible) return false;
  const [title = `${addon.name}: ${command.verb}`, ...rest] = lines.map((line) => line.trim());
  return await act(addon, command, { title, lines: rest, yes });
}

async function sending(what: () => Promise<void>): Promise<boolean> {
  if (busy.value) return false;
  busy.value = true;
  try {
    await what();
    return true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), true);
    return false;
  } finally {
    busy.value = false;
  }
}
