/**
 * A time as the API server demands it of MicroTime fields (Lease, Event): exactly six digits of the second.
 * With three, as toISOString has them, the request is refused with a 400.
 */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace(/(\.\d{3})Z$/, '$1000Z');
}
