/** The 4 or 16 octets of an IP address as certificates hold it; undefined for anything else, a host name say. */
export function octetsOf(address: string): Buffer | undefined {
  const numbers = IPV4.exec(address)?.slice(1).map(Number);
  if (numbers !== undefined)
    return numbers.every((number) => number <= 255) ? Buffer.from(numbers) : undefined;
  if (!address.includes(':')) return undefined;
  // A URL writes every IPv6 address in one way: hexadecimal groups with at most one "::" for the zeros.
  const host = URL.parse(`http://[${address}]/`)?.hostname;
  if (host === undefined) return undefined;
  const [head = [], tail = []] = host.slice(1, -1).split('::').map(groupsOf);
  const zeros: number[] = Array.from({ length: 8 - head.length - tail.length }, () => 0);
  return Buffer.from([...head, ...zeros, ...tail].flatMap((group) => [group >> 8, group & 0xff]));
}

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
