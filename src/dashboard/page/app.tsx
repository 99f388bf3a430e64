import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Start } from '../wire.ts';
import { AddonPage } from './addon/addon.tsx';
import { ask, asksForToken, connection, locked, logIn } from './api.ts';
import { Dialogs, Notices } from './dialog.tsx';
import { ListPage } from './list.tsx';
import { textOf } from './fields.ts';
import { followAddress, place } from './place.ts';

/** The frame around the list and the pages of addons. */
export function App() {
  const start = useSignal<Start | undefined>(undefined);
  const trouble = useSignal('');
  useEffect(() => {
    followAddress();
    ask<Start>('/api/start').then(
      (answer) => {
        start.value = answer;
      },
      (error: Error) => {
        trouble.value = error.message;
      },
    );
  }, []);
  const at = place.value;
  return (
    <>
      <header>
        <a href="#/" class="home">
          InfluxDB addons
        </a>
        <Connected />
      </header>
      <main>
        {locked.value ? (
          <Locked />
        ) : start.value === undefined ? (
          <p class="notice">{trouble.value || 'Loading …'}</p>
        ) : at === undefined ? (
          <ListPage namespace={start.value.namespace} />
        ) : (
          <AddonPage key={`${at.namespace}/${at.name}`} namespace={at.namespace} name={at.name} />
        )}
      </main>
      <footer>
        kubectl influx {start.value?.version}. With your own rights; everything here is a verb of the command
        line tool.
      </footer>
      <Notices />
      <Dialogs />
    </>
  );
}

function Locked() {
  if (!asksForToken())
    return (
      <p class="notice bad">
        Open the address that <code>kubectl influx dashboard</code> printed: it has the token that lets you
        in. It changes with every start.
      </p>
    );
  return (
    <form
      class="notice"
      onSubmit={(event) => {
        event.preventDefault();
        logIn(textOf(event.currentTarget, 'token'));
      }}
    >
      <label>
        A token of your own for the API server
        <input type="password" name="token" required autocomplete="off" />
      </label>
      <button type="submit" name="log-in" class="primary">
        Log in
      </button>
      <p class="hint">
        For example that of <code>kubectl create token</code>. It is kept as long as this tab is open.
      </p>
    </form>
  );
}

const WORDS = { Connecting: 'Connecting', Live: 'Live', Lost: 'Connection lost, trying again' } as const;

function Connected() {
  return (
    <span class={`connection ${connection.value}`} role="status">
      {WORDS[connection.value]}
    </span>
  );
}
