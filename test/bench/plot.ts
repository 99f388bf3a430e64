/** One line of a plot: points by time. */
export interface Line {
  readonly name: string;
  /** Seconds since the beginning, and the value then. */
  readonly points: readonly (readonly [seconds: number, value: number])[];
}

const [WIDTH, HEIGHT, MARGIN] = [720, 320, 48];
const COLOURS = ['#1f6feb', '#d1242f', '#1a7f37', '#9a6700', '#8250df', '#57606a'];

/** An SVG of lines over time, with the highest value and the last second at its axes. */
export function plot(title: string, unit: string, lines: readonly Line[]): string {
  const all = lines.flatMap(({ points }) => points);
  const [right, top] = [0, 1].map((index) => Math.max(1e-9, ...all.map((point) => point[index as 0 | 1])));
  const x = (seconds: number) => (MARGIN + (seconds / (right ?? 1)) * (WIDTH - 2 * MARGIN)).toFixed(1);
  const y = (value: number) => (HEIGHT - MARGIN - (value / (top ?? 1)) * (HEIGHT - 2 * MARGIN)).toFixed(1);
  const text = (left: number, down: number, words: string, colour = '#24292f') =>
    `<text x="${left}" y="${down}" fill="${colour}">${words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
  const drawn = lines.map(({ points }, index) => {
    const path = points.map(([seconds, value]) => `${x(seconds)},${y(value)}`).join(' ');
    return `<polyline fill="none" stroke="${COLOURS[index % COLOURS.length]}" stroke-width="1.5" points="${path}"/>`;
  });
  const names = lines.map(({ name }, index) =>
    text(MARGIN + 8, MARGIN + 16 * (index + 1), name, COLOURS[index % COLOURS.length]),
  );
  const axes = `<path fill="none" stroke="#57606a" d="M${MARGIN},${MARGIN}V${HEIGHT - MARGIN}H${WIDTH - MARGIN}"/>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    axes,
    text(MARGIN, 24, `${title}, ${unit}`),
    text(4, MARGIN + 4, shortened(top ?? 0)),
    text(WIDTH - MARGIN - 24, HEIGHT - MARGIN + 18, `${shortened(right ?? 0)} s`),
    ...drawn,
    ...names,
    '</svg>',
    '',
  ].join('\n');
}

function shortened(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(2);
}
