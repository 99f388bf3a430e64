import { lookup as resolve, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { StoreError } from './store-error.ts';

/** Which addresses a store may have. */
export interface EndpointRule {
  /** Private ranges, in which clusters have their pods and Services, are allowed too. */
  readonly allowClusterInternal: boolean;
  /** Addresses that are never a store: the API server's. */
  readonly forbidden: readonly string[];
  /** Default false; for tests only, whose store is on the same machine. */
  readonly allowLoopback?: boolean;
}

/**
 * Looks names up and refuses those that lead where a user's endpoint must not lead: every address of the answer is
 * checked, and the connection is made to one of these, so a name that answers otherwise a moment later is of no use.
 * An address that is written out is not looked up by anybody: see `checkAddress`.
 */
export function guardedLookup(rule: EndpointRule): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) {
        done(error, []);
        return;
      }
      const why = addresses.map(({ address }) => refusal(address, rule)).find((each) => each !== undefined);
      if (why !== undefined) done(forbidden(hostname, why), []);
      else if (options.all === true) done(null, addresses);
      else done(null, addresses[0]?.address ?? '', addresses[0]?.family ?? 4);
    });
  };
}

/** @throws StoreError when the host is an address that is refused, or no host at all */
export function checkHost(host: string, rule: EndpointRule): void {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) === 0) return;
  const why = refusal(bare, rule);
  if (why !== undefined) throw forbidden(bare, why);
}

/** What is wrong with the address; undefined when it may be connected to. */
export function refusal(address: string, rule: EndpointRule): string | undefined {
  const plain = embedded(address);
  if (rule.forbidden.map(embedded).includes(plain)) return 'the API server';
  if (rule.allowLoopback === true && plain.startsWith('127.')) return undefined;
  if (contains(ALWAYS, plain)) return 'loopback, link-local or no host at all';
  if (!rule.allowClusterInternal && contains(INTERNAL, plain))
    return 'a private range, which spec.s3.allowClusterInternal would allow';
  return undefined;
}

function forbidden(host: string, why: string): StoreError {
  return new StoreError('EndpointForbidden', `The endpoint ${host} leads to ${why}.`);
}

/** IPv6 knows several ways to write an IPv4 address, all of which lead there. */
function embedded(address: string): string {
  if (isIP(address) !== 6) return address;
  const groups = expand(address);
  const v4 = (high: number, low: number): string => [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
  const zeros = groups.slice(0, 5).every((group) => group === 0);
  // Mapped, and the compatible form; ::1 and :: are addresses of their own.
  if (zeros && groups[5] === 0xffff) return v4(groups[6] ?? 0, groups[7] ?? 0);
  if (zeros && groups[5] === 0 && groups[6] !== 0) return v4(groups[6] ?? 0, groups[7] ?? 0);
  // NAT64 and 6to4.
  if (groups[0] === 0x64 && groups[1] === 0xff9b) return v4(groups[6] ?? 0, groups[7] ?? 0);
  if (groups[0] === 0x2002) return v4(groups[1] ?? 0, groups[2] ?? 0);
  return groups.map((group) => group.toString(16)).join(':');
}

function expand(address: string): number[] {
  const [plain = ''] = address.split('%');
  const text = plain.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((part) => part.toString(16)).join(':'),
  );
  const [head = '', tail] = text.split('::');
  const numbers = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const start = numbers(head);
  if (tail === undefined) return start;
  const end = numbers(tail);
  return [...start, ...Array.from({ length: 8 - start.length - end.length }, () => 0), ...end];
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    list.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** This host, loopback, link-local (where clouds answer with credentials), multicast, reserved. */
const ALWAYS = blockList([
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '224.0.0.0/3',
  '::/127',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
  // A metadata service that is not link-local.
  'fd00:ec2::254/128',
]);

const INTERNAL = blockList([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
  'fc00::/7',
]);
