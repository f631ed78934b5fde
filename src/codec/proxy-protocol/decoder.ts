import type { ProxiedAddresses } from './addresses.ts';

/** What is known of a connection's first octets. */
export type ProxyHeaderResult =
  /** The header takes `length` octets. `addresses` is null where it says that the proxy speaks for itself. */
  | { readonly kind: 'header'; readonly length: number; readonly addresses: ProxiedAddresses | null }
  | { readonly kind: 'incomplete' }
  /** There is no header: the connection begins with something else. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'malformed'; readonly reason: string };

/** Longest header of version 1 with its line end (specification §2.1). */
const MAX_V1_BYTES = 107;
/** Longest header of version 2 that is read: a balancer's TLVs, with a certificate's name, stay far below. */
const MAX_V2_BYTES = 4096;
/** Octets that a reader has to keep at most before the header is known. */
export const MAX_PROXY_HEADER_BYTES = MAX_V2_BYTES;

const V1_START = [0x50, 0x52, 0x4f, 0x58, 0x59, 0x20]; // "PROXY "
const V2_START = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const V2_HEAD_BYTES = 16;

/**
 * Reads a header of the PROXY protocol, version 1 or 2, from the first octets of a connection. However they are split,
 * the result is the same.
 * @param length octets of `buffer` that came so far
 * @see https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
 */
export const readProxyHeader = (buffer: Uint8Array, length: number): ProxyHeaderResult => {
  const v1 = startsWith(buffer, length, V1_START);
  if (v1 === 'yes') return readV1(buffer, length);
  const v2 = startsWith(buffer, length, V2_START);
  if (v2 === 'yes') return readV2(buffer, length);
  return v1 === 'maybe' || v2 === 'maybe' ? INCOMPLETE : { kind: 'absent' };
};

const INCOMPLETE = { kind: 'incomplete' } as const;

const malformed = (reason: string): ProxyHeaderResult => ({ kind: 'malformed', reason });

const startsWith = (buffer: Uint8Array, length: number, start: readonly number[]): 'yes' | 'no' | 'maybe' => {
  for (let i = 0; i < start.length; i++) {
    if (i === length) return 'maybe';
    if (buffer[i] !== start[i]) return 'no';
  }
  return 'yes';
};

// ── version 1: a line of text ──

const readV1 = (buffer: Uint8Array, length: number): ProxyHeaderResult => {
  let line = '';
  for (let i = V1_START.length; i < Math.min(length, MAX_V1_BYTES); i++) {
    if (buffer[i] === 0x0a && buffer[i - 1] === 0x0d) return parseV1(line.slice(0, -1), i + 1);
    line += String.fromCharCode(buffer[i]!);
  }
  return length < MAX_V1_BYTES ? INCOMPLETE : malformed('the line of the PROXY header does not end');
};

const parseV1 = (line: string, length: number): ProxyHeaderResult => {
  // Whatever follows UNKNOWN is to be ignored.
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN ')) return { kind: 'header', length, addresses: null };
  const parts = line.split(' ');
  const [family, source, destination, sourcePort, destinationPort] = parts;
  const isAddress = family === 'TCP4' ? isIpv4 : family === 'TCP6' ? isIpv6 : null;
  if (isAddress === null || parts.length !== 5) return malformed('the PROXY header is of no known form');
  if (!isAddress(source!) || !isAddress(destination!)) return malformed('an address in the PROXY header is none');
  if (
    !PORT.test(sourcePort!) ||
    !PORT.test(destinationPort!) ||
    Number(sourcePort) > 65_535 ||
    Number(destinationPort) > 65_535
  ) {
    return malformed('a port in the PROXY header is none');
  }
  return {
    kind: 'header',
    length,
    addresses: {
      sourceAddress: source!.toLowerCase(),
      sourcePort: Number(sourcePort),
      destinationAddress: destination!.toLowerCase(),
      destinationPort: Number(destinationPort),
    },
  };
};

/** Without leading zeros, as the specification has it. */
const PORT = /^(?:0|[1-9]\d{0,4})$/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

const isIpv4 = (text: string): boolean => IPV4.test(text);

/** Up to eight groups, one gap, and perhaps an IPv4 address in the place of the last two. */
const isIpv6 = (text: string): boolean => {
  if (text.length > 45 || !/^[0-9A-Fa-f:.]+$/.test(text)) return false;
  const dot = text.lastIndexOf(':');
  const tail = text.slice(dot + 1);
  const embedded = tail.includes('.');
  if (embedded && !isIpv4(tail)) return false;
  const plain = embedded ? `${text.slice(0, dot + 1)}0:0` : text;
  const halves = plain.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? groups.length < 8 : groups.length === 8;
};

// ── version 2: binary ──

const readV2 = (buffer: Uint8Array, length: number): ProxyHeaderResult => {
  if (length < V2_HEAD_BYTES) return INCOMPLETE;
  const version = buffer[12]! >> 4;
  const command = buffer[12]! & 0xf;
  const family = buffer[13]! >> 4;
  const rest = (buffer[14]! << 8) | buffer[15]!;
  const total = V2_HEAD_BYTES + rest;
  if (version !== 2) return malformed('the PROXY header is of an unknown version');
  if (command > 1) return malformed('the PROXY header has an unknown command');
  if (total > MAX_V2_BYTES) return malformed('the PROXY header is too long');
  if (length < total) return INCOMPLETE;
  // LOCAL: the proxy speaks for itself (a health check); families without an address here say as little.
  if (command === 0 || (family !== 1 && family !== 2)) return { kind: 'header', length: total, addresses: null };
  const size = family === 1 ? 4 : 16;
  if (rest < 2 * size + 4) return malformed('the PROXY header is too short for its addresses');
  const at = V2_HEAD_BYTES;
  const show = family === 1 ? showIpv4 : showIpv6;
  return {
    kind: 'header',
    length: total,
    addresses: {
      sourceAddress: show(buffer, at),
      sourcePort: (buffer[at + 2 * size]! << 8) | buffer[at + 2 * size + 1]!,
      destinationAddress: show(buffer, at + size),
      destinationPort: (buffer[at + 2 * size + 2]! << 8) | buffer[at + 2 * size + 3]!,
    },
  };
};

const showIpv4 = (buffer: Uint8Array, at: number): string => buffer.subarray(at, at + 4).join('.');

/** As RFC 5952 has it: the longest run of zero groups becomes a gap. */
const showIpv6 = (buffer: Uint8Array, at: number): string => {
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((buffer[at + 2 * i]! << 8) | buffer[at + 2 * i + 1]!).toString(16),
  );
  if (groups.slice(0, 5).every((group) => group === '0') && groups[5] === 'ffff') {
    return `::ffff:${showIpv4(buffer, at + 12)}`;
  }
  let best = { from: 0, length: 0 };
  for (let from = 0; from < 8; from++) {
    let length = 0;
    while (groups[from + length] === '0') length++;
    if (length > best.length) best = { from, length };
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.from).join(':')}::${groups.slice(best.from + best.length).join(':')}`;
};
