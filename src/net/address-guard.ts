/**
 * Which addresses a delivery may dial: not our own machine, not the network that it stands in, not a cloud's metadata.
 *
 * The judgement is on addresses, never on names. An IPv6 address that carries an IPv4 one (mapped, translated, NAT64,
 * 6to4, Teredo, ISATAP) is judged by what it carries, since that is where the packets end up.
 */
import { isIP } from 'node:net';
import { StartError } from '../lib/errors.ts';

export interface AddressGuard {
  /** @param address IPv4 or IPv6 text, with or without a zone; anything else is blocked */
  check(address: string): AddressVerdict;
}

export type AddressVerdict = 'allowed' | { readonly blocked: string };

/** What refusing to dial is thrown as, so that it is told apart by its code from what the network answers. */
export class BlockedAddressError extends Error {
  readonly code = 'ERR_BLOCKED_ADDRESS';
  /** Such as `private network`. The address itself stays out: tenants would learn what our resolver knows. */
  readonly reason: string;

  constructor(reason: string) {
    super(`the address is not allowed: ${reason}`);
    this.name = 'BlockedAddressError';
    this.reason = reason;
  }
}

/** IANA's special-purpose registries, and metadata addresses that are in none of them (from the providers' pages). */
const BLOCKED: readonly (readonly [network: string, reason: string])[] = [
  ['0.0.0.0/8', 'this host'],
  ['127.0.0.0/8', 'loopback'],
  ['10.0.0.0/8', 'private network'],
  ['172.16.0.0/12', 'private network'],
  ['192.168.0.0/16', 'private network'],
  ['169.254.0.0/16', 'link-local or cloud metadata'],
  // Azure's wire server: an ordinary public address, and the same in every network of theirs.
  ['168.63.129.16/32', 'cloud metadata'],
  // Alibaba's lies in the shared range below, Oracle's in the protocol assignments.
  ['100.100.100.200/32', 'cloud metadata'],
  ['192.0.0.192/32', 'cloud metadata'],
  ['100.64.0.0/10', 'shared address space'],
  ['192.0.0.0/24', 'protocol assignments'],
  ['192.0.2.0/24', 'documentation'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['198.18.0.0/15', 'benchmarking'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved or broadcast'],
  ['::/128', 'this host'],
  ['::1/128', 'loopback'],
  ['fd00:ec2::254/128', 'cloud metadata'],
  ['fd20:ce::254/128', 'cloud metadata'],
  ['fc00::/7', 'private network'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'private network'],
  ['ff00::/8', 'multicast'],
  ['100::/64', 'discarded'],
  ['2001:db8::/32', 'documentation'],
  ['3fff::/20', 'documentation'],
  // RFC 8215: where in it the IPv4 address stands is the local operator's choice, so nothing of it can be judged.
  ['64:ff9b:1::/48', 'local NAT64'],
];

interface Network {
  readonly bytes: Uint8Array;
  readonly prefixBits: number;
}

/**
 * @param options.allowedNetworks CIDRs or single addresses that may be dialled although the list above blocks them
 * @throws StartError for text that is neither
 */
export function addressGuard(options: { readonly allowedNetworks: readonly string[] }): AddressGuard {
  const allowed = options.allowedNetworks.map(parseNetwork);
  const blocked = BLOCKED.map(([text, reason]) => ({ network: parseNetwork(text), reason }));

  const judge = (bytes: Uint8Array): AddressVerdict => {
    if (allowed.some((network) => contains(network, bytes))) return 'allowed';
    const entry = blocked.find(({ network }) => contains(network, bytes));
    if (entry !== undefined) return { blocked: entry.reason };
    for (const carried of carriedAddresses(bytes)) {
      const verdict = judge(carried);
      if (verdict !== 'allowed') return { blocked: `carries an IPv4 address: ${verdict.blocked}` };
    }
    return 'allowed';
  };

  return {
    check(address) {
      const bytes = parseAddress(address);
      return bytes === null ? { blocked: 'not an IP address' } : judge(bytes);
    },
  };
}

/** The IPv4 addresses that an IPv6 address carries; all of them have to pass. */
function carriedAddresses(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes.length === 4) return [];
  const last = bytes.subarray(12, 16);
  const startsWith = (...groups: number[]): boolean => groups.every((group, n) => groupAt(bytes, n) === group);
  // IPv4-compatible (RFC 4291 §2.5.5.1), IPv4-translated (RFC 7915 §1.2), NAT64's well-known prefix (RFC 6052 §2.1).
  if (startsWith(0, 0, 0, 0, 0, 0) || startsWith(0, 0, 0, 0, 0xffff, 0)) return [last];
  if (startsWith(0x64, 0xff9b, 0, 0, 0, 0)) return [last];
  // 6to4 (RFC 3056 §2).
  if (startsWith(0x2002)) return [bytes.subarray(2, 6)];
  // Teredo (RFC 4380 §4): the server as it is, the client with every bit inverted.
  if (startsWith(0x2001, 0)) return [bytes.subarray(4, 8), last.map((byte) => byte ^ 0xff)];
  // ISATAP (RFC 5214 §6.1), under any prefix: a public prefix with a private address is refused on purpose.
  if ((groupAt(bytes, 4) & 0xfdff) === 0 && groupAt(bytes, 5) === 0x5efe) return [last];
  return [];
}

function groupAt(bytes: Uint8Array, group: number): number {
  return (bytes[group * 2]! << 8) | bytes[group * 2 + 1]!;
}

function contains(network: Network, bytes: Uint8Array): boolean {
  if (network.bytes.length !== bytes.length) return false;
  const whole = network.prefixBits >> 3;
  for (let n = 0; n < whole; n += 1) if (network.bytes[n] !== bytes[n]) return false;
  const rest = network.prefixBits & 7;
  return rest === 0 || (network.bytes[whole]! ^ bytes[whole]!) >> (8 - rest) === 0;
}

function parseNetwork(text: string): Network {
  const [address = '', prefix, ...more] = text.trim().split('/');
  const bytes = parseAddress(address);
  const bits = prefix === undefined ? (bytes?.length ?? 0) * 8 : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
  if (bytes === null || more.length > 0 || bits < 0 || bits > bytes.length * 8) {
    throw new StartError(`"${text}" is not a network: write it like 10.0.0.0/8 or fd00:1::/32, or as a single address`);
  }
  return { bytes, prefixBits: bits };
}

/** 4 or 16 bytes, or null. IPv4-mapped IPv6 comes back as the IPv4 address that the kernel would dial. */
function parseAddress(text: string): Uint8Array | null {
  const [address = ''] = text.split('%');
  const family = isIP(address);
  if (family === 0) return null;
  if (family === 4) return Uint8Array.from(address.split('.'), Number);
  // The URL parser writes every form in groups of hex digits, dotted tails included.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  const bytes = Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]));
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return isMapped ? bytes.subarray(12) : bytes;
}
