import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { AddonMessages, BackupLine, Detail, EventLine, RestoreLine } from '../../wire.ts';
import { follow } from '../api.ts';
import { trouble } from '../dialog.tsx';
import { BackupsTab } from './backups.tsx';
import { ContentsTab } from './contents.tsx';
import { EventsTab, LogsTab } from './events.tsx';
import { NumbersTab } from './numbers.tsx';
import { Overview } from './overview.tsx';
import { addressOf, place, type Tab, TABS } from '../place.ts';

/** What is known of an addon: a signal for each section, so that an event draws what it is about. */
export interface Known {
  readonly addon: Signal<Detail | null | undefined>;
  readonly story: Signal<readonly string[]>;
  readonly backups: Signal<readonly BackupLine[]>;
  readonly restores: Signal<readonly RestoreLine[]>;
  readonly events: Signal<readonly EventLine[]>;
}

const NAMES: Readonly<Record<Tab, string>> = {
  overview: 'Overview',
  numbers: 'Numbers',
  backups: 'Backups',
  contents: 'Users and policies',
  events: 'Events',
  logs: 'Logs',
};

export function AddonPage({ namespace, name }: { namespace: string; name: string }) {
  const known: Known = {
    addon: useSignal<Detail | null | undefined>(undefined),
    story: useSignal<readonly string[]>([]),
    backups: useSignal<readonly BackupLine[]>([]),
    restores: useSignal<readonly RestoreLine[]>([]),
    events: useSignal<readonly EventLine[]>([]),
  };
  const sections = useMemo(() => known, []);
  useEffect(() => {
    document.title = `${name} – InfluxDB addons`;
    const put =
      <T,>(into: Signal<T>) =>
      (value: T): void => {
        into.value = value;
      };
    const stop = follow<AddonMessages>(`/api/addons/${namespace}/${name}/stream`, {
      addon: put<Detail | null | undefined>(sections.addon),
      story: put(sections.story),
      backups: put(sections.backups),
      restores: put(sections.restores),
      events: put(sections.events),
      trouble: put(trouble),
    });
    return () => {
      stop();
      trouble.value = '';
    };
  }, []);
  return (
    <>
      <h1>
        {name} <small>{namespace}</small>
      </h1>
      <nav aria-label="Of this addon">
        {TABS.map((tab) => (
          <a
            key={tab}
            href={addressOf({ namespace, name }, tab)}
            aria-current={place.value?.tab === tab ? 'page' : undefined}
          >
            {NAMES[tab]}
          </a>
        ))}
      </nav>
      <Shown known={sections} namespace={namespace} name={name} />
    </>
  );
}

function Shown({ known, namespace, name }: { known: Known; namespace: string; name: string }) {
  const there = known.addon.value;
  if (there === undefined) return <p class="notice">Loading …</p>;
  if (there === null)
    return (
      <p class="notice">
        There is no addon {name} in {namespace}.
      </p>
    );
  switch (place.value?.tab ?? 'overview') {
    case 'overview':
      return <Overview addon={there} story={known.story} />;
    case 'numbers':
      return <NumbersTab namespace={namespace} name={name} />;
    case 'backups':
      return <BackupsTab addon={there} backups={known.backups} restores={known.restores} />;
    case 'contents':
      return <ContentsTab addon={there} />;
    case 'events':
      return <EventsTab events={known.events} />;
    case 'logs':
      return <LogsTab namespace={namespace} name={name} />;
  }
}
