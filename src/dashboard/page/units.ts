/** `512 MiB` */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  return `${short(value / 1024 ** step)} ${units[step]}`;
}

/** `1.5` */
export function cores(value: number): string {
  return value > 0 && value < 0.1 ? `${short(value * 1000)}m` : short(value);
}

/** `12k` */
export function count(value: number): string {
  if (value >= 1e6) return `${short(value / 1e6)}M`;
  return value >= 1e4 ? `${short(value / 1e3)}k` : short(value);
}

/** `12/s` */
export function perSecond(value: number): string {
  return `${count(value)}/s`;
}

/** Three digits that count. */
function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
