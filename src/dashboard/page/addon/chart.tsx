import { type ReadonlySignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import type { Sample } from '../../wire.ts';

export interface Line {
  readonly label: string;
  readonly of: (sample: Sample) => number | undefined;
}

export interface ChartProps {
  readonly title: string;
  readonly samples: ReadonlySignal<readonly Sample[]>;
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  /** Bytes are counted in powers of two. */
  readonly binary?: boolean;
  /** Drawn dashed, once it is known: what the plan allows. */
  readonly limit?: number | undefined;
}

const HEIGHT = 150;
/** Shown at least, so that the first minutes do not look like an age. */
const LEAST_SECONDS = 600;
const POWERS_OF_TWO = Array.from({ length: 50 }, (_, power) => 2 ** power);

/** Numbers over time. A new sample moves the lines, and draws nothing else. */
export function Chart(props: ChartProps) {
  const { title, samples, lines, format, limit } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | undefined>(undefined);
  useEffect(() => {
    const parent = box.current;
    if (parent === null) return undefined;
    const draw = (): void => {
      plot.current?.destroy();
      const data = dataOf(samples.peek(), lines, limit);
      plot.current = new UPlot(optionsOf(parent.clientWidth, props), data, parent);
    };
    draw();
    const size = new ResizeObserver(() =>
      plot.current?.setSize({ width: parent.clientWidth, height: HEIGHT }),
    );
    size.observe(parent);
    // The canvas has the colours of the moment in it.
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', draw);
    return () => {
      size.disconnect();
      dark.removeEventListener('change', draw);
      plot.current?.destroy();
    };
  }, [limit]);
  useSignalEffect(() => plot.current?.setData(dataOf(samples.value, lines, limit)));
  return (
    <section class="chart" aria-label={title}>
      <h2>{title}</h2>
      <Latest samples={samples} lines={lines} format={format} limit={limit} />
      <div ref={box} />
    </section>
  );
}

/** The same in words: a canvas says nothing to whoever does not see it. */
function Latest({ samples, lines, format, limit }: Omit<ChartProps, 'title'>) {
  const all = samples.value;
  const words = lines.flatMap(({ label, of }) => {
    const known = all.map(of).filter((value) => value !== undefined);
    const now = all.length === 0 ? undefined : of(all[all.length - 1] as Sample);
    if (known.length === 0) return [];
    const highest = format(Math.max(...known));
    return [`${label}: ${now === undefined ? 'not known now' : format(now)}, highest shown ${highest}`];
  });
  const free = limit === undefined ? [] : [`the plan allows ${format(limit)}`];
  return <p class="hint">{words.length === 0 ? 'Not known (yet).' : [...words, ...free].join('; ')}</p>;
}

function dataOf(
  known: readonly Sample[],
  lines: readonly Line[],
  limit: number | undefined,
): UPlot.AlignedData {
  const samples = atLeastTwo(known);
  const values = lines.map(({ of }) => samples.map((sample) => of(sample) ?? null));
  const allowed = limit === undefined ? [] : [samples.map(() => limit)];
  return [samples.map(({ at }) => Date.parse(at) / 1000), ...values, ...allowed];
}

function optionsOf(width: number, { lines, limit, format, binary = false }: ChartProps): UPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const strokes = [resolved('--accent'), resolved('--busy')];
  const [faint, edge] = [resolved('--faint'), resolved('--edge')];
  const axis = { stroke: faint, grid: { stroke: edge, width: 1 }, ticks: { stroke: edge, width: 1 } };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false },
    scales: {
      x: { range: (_, first, last) => spanOf(first, last) },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] },
    },
    axes: [
      axis,
      {
        ...axis,
        size: 70,
        values: (_, ticks) => ticks.map(format),
        ...(binary ? { incrs: POWERS_OF_TWO } : {}),
      },
    ],
    series: [
      {},
      ...lines.map(({ label }, index) => ({
        label,
        width: 2,
        stroke: strokes[index % strokes.length] ?? faint,
        points: { size: 4 },
      })),
      ...(limit === undefined
        ? []
        : [{ label: 'plan', width: 1, stroke: faint, dash: [6, 4], points: { show: false } }]),
    ],
  };

  /** A canvas knows no light-dark(): the browser says which of the two it is. */
  function resolved(name: string): string {
    const probe = document.createElement('span');
    probe.style.color = color(name);
    document.body.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  }
}

/** Of a single instant the library makes an axis of years. */
function atLeastTwo(samples: readonly Sample[]): readonly Sample[] {
  if (samples.length > 1) return samples;
  const [only = { at: new Date().toISOString() }] = samples;
  return [{ at: new Date(Date.parse(only.at) - LEAST_SECONDS * 1000).toISOString() }, only];
}

/** Of the axis of time, in seconds since the epoch. */
function spanOf(first: number, last: number): [number, number] {
  return [Math.min(first, last - LEAST_SECONDS), last];
}
