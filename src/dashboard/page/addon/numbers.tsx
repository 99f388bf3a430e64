import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Limits, NumbersMessages, Sample } from '../../wire.ts';
import { follow } from '../api.ts';
import { bytes, cores, count, perSecond } from '../units.ts';
import { Chart } from './chart.tsx';

const MOST = 360;

/** What can be measured with the visitor's own rights, as long as this is open. */
export function NumbersTab({ namespace, name }: { namespace: string; name: string }) {
  const samples = useSignal<readonly Sample[]>([]);
  const limits = useSignal<Limits | undefined>(undefined);
  const unknown = useSignal<readonly string[]>([]);
  useEffect(
    () =>
      follow<NumbersMessages>(`/api/addons/${namespace}/${name}/numbers`, {
        past: (before) => {
          samples.value = before;
        },
        sample: (one) => {
          samples.value = [...samples.value, one].slice(-MOST);
        },
        limits: (known) => {
          limits.value = known;
        },
        unknown: (words) => {
          unknown.value = words;
        },
      }),
    [],
  );
  const allowed = limits.value;
  return (
    <>
      {unknown.value.length > 0 && (
        <ul class="notice lines unknown">
          {unknown.value.map((words) => (
            <li key={words}>Not known: {words}.</li>
          ))}
        </ul>
      )}
      <div class="cards">
        <Chart
          title="Memory"
          samples={samples}
          format={bytes}
          binary
          limit={allowed?.memory}
          lines={[
            { label: 'container', of: ({ memory }) => memory },
            { label: 'heap of the engine', of: ({ heap }) => heap },
          ]}
        />
        <Chart
          title="CPU"
          samples={samples}
          format={cores}
          limit={allowed?.cpu}
          lines={[{ label: 'cores', of: ({ cpu }) => cpu }]}
        />
        <Chart
          title="Data on disk"
          samples={samples}
          format={bytes}
          binary
          limit={allowed?.storage}
          lines={[{ label: 'data', of: ({ data }) => data }]}
        />
        <Chart
          title="Points written"
          samples={samples}
          format={perSecond}
          lines={[{ label: 'points', of: ({ pointsPerSecond }) => pointsPerSecond }]}
        />
        <Chart
          title="Queries"
          samples={samples}
          format={perSecond}
          lines={[{ label: 'queries', of: ({ queriesPerSecond }) => queriesPerSecond }]}
        />
        <Chart
          title="Series"
          samples={samples}
          format={count}
          limit={allowed?.series}
          lines={[{ label: 'series', of: ({ series }) => series }]}
        />
      </div>
      <p class="hint">Measured every ten seconds while this is open, since it was opened here first.</p>
    </>
  );
}
