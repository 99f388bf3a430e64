import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { EventLine } from '../../wire.ts';
import { Ago } from '../ago.tsx';
import { readText } from '../api.ts';

/** What was told of the addon. */
export function EventsTab({ events }: { events: Signal<readonly EventLine[]> }) {
  if (events.value.length === 0) return <p class="notice">No events are kept of it now.</p>;
  return (
    <ol class="events">
      {events.value.map(({ key, at, type, reason, note, times }) => (
        <li key={key} class={type}>
          <strong>{reason}</strong> {note} {times > 1 && `(${times} times)`} <Ago at={at} />
        </li>
      ))}
    </ol>
  );
}

/** More than fits a screen a hundred times is for the terminal. */
const MOST = 200_000;

/** What the engine logs, as it comes. */
export function LogsTab({ namespace, name }: { namespace: string; name: string }) {
  const text = useSignal('');
  const box = useRef<HTMLPreElement>(null);
  useEffect(() => {
    const stop = new AbortController();
    const add = (more: string): void => {
      const at = box.current;
      const atEnd = at === null || at.scrollHeight - at.scrollTop - at.clientHeight < 40;
      text.value = (text.value + more).slice(-MOST);
      if (atEnd) requestAnimationFrame(() => at?.scrollTo(0, at.scrollHeight));
    };
    readText(`/api/addons/${namespace}/${name}/logs`, stop.signal, add).catch((error: Error) => {
      if (!stop.signal.aborted) add(`\n(${error.message})\n`);
    });
    return () => stop.abort();
  }, []);
  return (
    <pre class="logs" ref={box} tabIndex={0} aria-label="Logs of the database">
      {text.value || 'Waiting for lines …'}
    </pre>
  );
}
