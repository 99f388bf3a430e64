/**
 * Kubernetes quantities (`250m`, `1Gi`, `1e3`), exactly: as a count of nano units, the finest the API keeps.
 */
export type Quantity = string | number;

const NANO = 1_000_000_000n;

// The suffixes of k8s.io/apimachinery/pkg/api/resource, with their exponents of 10 and 2.
const DECIMAL: Record<string, number> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Record<string, bigint> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };
const FORM = /^([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)$/;

/** Nano units of a quantity; finer parts are rounded away from zero, as the API server does. Throws RangeError. */
export function parseQuantity(quantity: Quantity): bigint {
  const match = FORM.exec(String(quantity));
  if (!match) throw new RangeError(`not a quantity: ${JSON.stringify(quantity)}`);
  const [, sign, number = '', exponent, suffix = ''] = match;
  const [whole = '', fraction = ''] = number.split('.');
  const digits = BigInt(whole + fraction || '0');
  const shift = BINARY[suffix];
  const power = 9 - fraction.length + (exponent === undefined ? (DECIMAL[suffix] ?? 0) : Number(exponent));
  const scaled = digits << (shift ?? 0n);
  const nano = power >= 0 ? scaled * 10n ** BigInt(power) : divideUp(scaled, 10n ** BigInt(-power));
  return sign === '-' ? -nano : nano;
}

export function isQuantity(value: unknown): value is Quantity {
  return (typeof value === 'string' || typeof value === 'number') && FORM.test(String(value));
}

/** Negative when `a` is less than `b`; 0 for `1Gi` and `1024Mi`. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  const difference = parseQuantity(a) - parseQuantity(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Whole base units (bytes of `1Gi`, cores of `2`), rounded up. Exact up to 2^53. */
export function unitsOf(quantity: Quantity): number {
  return Number(divideUp(parseQuantity(quantity), NANO));
}

/** Thousandths (millicores of `250m`), rounded up. */
export function milliOf(quantity: Quantity): number {
  return Number(divideUp(parseQuantity(quantity), NANO / 1000n));
}

/** A number of bytes as a quantity, in the largest binary unit that gives a whole number: `1Gi`, `1536Mi`, `1`. */
export function formatBytes(bytes: number): string {
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw new RangeError(`not a number of bytes: ${bytes}`);
  let [amount, suffix] = [BigInt(bytes), ''];
  for (const [name, shift] of Object.entries(BINARY))
    if (bytes > 0 && BigInt(bytes) % (1n << shift) === 0n) [amount, suffix] = [BigInt(bytes) >> shift, name];
  return `${amount}${suffix}`;
}

function divideUp(a: bigint, b: bigint): bigint {
  return a >= 0n ? (a + b - 1n) / b : a / b;
}
