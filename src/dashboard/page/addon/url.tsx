import { useSignal } from '@preact/signals';
import type { Detail } from '../../wire.ts';
import { ask } from '../api.ts';
import { copied, NO_CLIPBOARD } from '../copy.ts';
import { say } from '../dialog.tsx';

/** The connection URL: masked, until it is asked for with the visitor's own right to the Secret. */
export function Url({ addon }: { addon: Detail }) {
  const shown = useSignal<string | undefined>(undefined);
  const fetchUrl = async (): Promise<string | undefined> => {
    try {
      return (await ask<{ url: string }>(`/api/addons/${addon.namespace}/${addon.name}/url`)).url;
    } catch (error) {
      say(error instanceof Error ? error.message : String(error), true);
      return undefined;
    }
  };
  const turn = async (): Promise<void> => {
    shown.value = shown.value === undefined ? await fetchUrl() : undefined;
  };
  const copy = async (): Promise<void> => {
    const url = await fetchUrl();
    if (url === undefined) return;
    if (await copied(url)) say('copied');
    else say(NO_CLIPBOARD, true);
  };
  if (addon.maskedUrl === undefined) return null;
  return (
    <section class="wide">
      <h2>Connection URL</h2>
      <p>
        <code class="url">{shown.value ?? addon.maskedUrl}</code>
      </p>
      <div class="buttons">
        <button
          type="button"
          name="reveal"
          aria-pressed={shown.value !== undefined}
          onClick={() => void turn()}
        >
          {shown.value === undefined ? 'Show the password' : 'Hide it'}
        </button>
        <button type="button" name="copy" onClick={() => void copy()}>
          Copy
        </button>
      </div>
      <p class="hint">In the environment of its apps as {addon.variables.join(' and ')}.</p>
    </section>
  );
}
