import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { keyOfRow, type ListMessages, type Row } from '../wire.ts';
import { Ago } from './ago.tsx';
import { follow } from './api.ts';
import { trouble } from './dialog.tsx';
import { addressOf } from './place.ts';
import { Rows } from './rows.ts';

/** The addons, of a namespace or of all. */
export function ListPage({ namespace: first }: { namespace: string }) {
  const namespace = useSignal(first);
  const rows = useMemo(() => new Rows(), []);
  useEffect(() => {
    const stop = follow<ListMessages>(`/api/addons/stream?namespace=${encodeURIComponent(namespace.value)}`, {
      rows: (all) => rows.replace(all),
      changed: (some) => rows.change(some),
      trouble: (words) => {
        trouble.value = words;
      },
    });
    return () => {
      stop();
      trouble.value = '';
    };
  }, [namespace.value]);
  useEffect(() => {
    document.title = 'InfluxDB addons';
  }, []);
  return (
    <>
      <h1>Addons</h1>
      <Filters rows={rows} namespace={namespace} />
      <Table rows={rows} namespace={namespace} />
    </>
  );
}

function Filters({ rows, namespace }: { rows: Rows; namespace: Signal<string> }) {
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
        const field = event.currentTarget.elements.namedItem('namespace') as HTMLInputElement;
        namespace.value = field.value.trim();
      }}
    >
      <label>
        Search
        <input
          type="search"
          name="search"
          value={rows.search}
          onInput={(event) => {
            rows.search.value = event.currentTarget.value;
          }}
        />
      </label>
      <label>
        Namespace
        <input name="namespace" placeholder="all" value={namespace.value} autocapitalize="none" />
      </label>
      <button type="submit">Show</button>
      <label class="tick">
        <input
          type="checkbox"
          name="bad"
          checked={rows.onlyBad}
          onChange={(event) => {
            rows.onlyBad.value = event.currentTarget.checked;
          }}
        />
        only what needs somebody
      </label>
    </form>
  );
}

function Table({ rows, namespace }: { rows: Rows; namespace: Signal<string> }) {
  const keys = rows.shown.value;
  if (!rows.loaded.value) return null;
  if (rows.count.value === 0)
    return (
      <p class="notice">
        There are no addons {namespace.value === '' ? 'that you may see' : `in ${namespace.value}`}.{' '}
        <code>kubectl influx add metrics 1g</code> makes one.
      </p>
    );
  return (
    <>
      <p class="count" role="status">
        {keys.length === rows.count.value ? keys.length : `${keys.length} of ${rows.count.value}`}
      </p>
      <table class="addons">
        <thead>
          <tr>
            <th>Addon</th>
            <th>Namespace</th>
            <th>ID</th>
            <th>Plan</th>
            <th>Version</th>
            <th>Status</th>
            <th>Apps</th>
            <th>Last backup</th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <Line key={key} row={rows.cell(key)} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function Line({ row }: { row: Signal<Row> }) {
  const { namespace, name, id, plan, version, status, health, apps, lastBackup } = row.value;
  return (
    <tr data-key={keyOfRow(row.value)}>
      <th scope="row">
        <a href={addressOf({ namespace, name })}>{name}</a>
      </th>
      <td data-label="Namespace">{namespace}</td>
      <td data-label="ID">{id ?? '–'}</td>
      <td data-label="Plan">{plan}</td>
      <td data-label="Version">{version ?? '–'}</td>
      <td data-label="Status">
        <span class={`badge ${health}`}>{status}</span>
      </td>
      <td data-label="Apps">{apps ?? '–'}</td>
      <td data-label="Last backup">
        <Ago at={lastBackup} />
      </td>
    </tr>
  );
}
