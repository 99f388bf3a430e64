const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** A number of bytes for people: `812.4 MiB`. */
export function sizeInWords(bytes: number): string {
  let [size, unit] = [bytes, 'B'];
  for (const next of UNITS) if (size >= 1024) [size, unit] = [size / 1024, next];
  return unit === 'B' ? `${size} B` : `${size.toFixed(1)} ${unit}`;
}
