import type { ProxiedAddresses } from './addresses.ts';

const V2_START = '\r\n\r\n\0\r\nQUIT\n';

/**
 * Makes the header of the PROXY protocol that begins a connection.
 * @param addresses of the client's connection; null where this proxy speaks for itself
 * @returns octets, one character each
 */
export const encodeProxyHeader = (version: 1 | 2, addresses: ProxiedAddresses | null): string => {
  const family = addresses === null ? 0 : familyOf(addresses);
  return version === 1 ? encodeV1(addresses, family) : encodeV2(addresses, family);
};

/** Of two addresses of different families, the IPv4 one is written as IPv6. */
const familyOf = ({ sourceAddress, destinationAddress }: ProxiedAddresses): 4 | 6 =>
  sourceAddress.includes(':') || destinationAddress.includes(':') ? 6 : 4;

const encodeV1 = (addresses: ProxiedAddresses | null, family: 0 | 4 | 6): string => {
  if (addresses === null) return 'PROXY UNKNOWN\r\n';
  const show = (address: string): string => (family === 6 && !address.includes(':') ? `::ffff:${address}` : address);
  const { sourceAddress, sourcePort, destinationAddress, destinationPort } = addresses;
  return `PROXY TCP${family} ${show(sourceAddress)} ${show(destinationAddress)} ${sourcePort} ${destinationPort}\r\n`;
};

const encodeV2 = (addresses: ProxiedAddresses | null, family: 0 | 4 | 6): string => {
  if (addresses === null) return `${V2_START}\x20\x00\x00\x00`;
  const pack = family === 4 ? packIpv4 : packIpv6;
  const content =
    pack(addresses.sourceAddress) +
    pack(addresses.destinationAddress) +
    packPort(addresses.sourcePort) +
    packPort(addresses.destinationPort);
  return `${V2_START}\x21${family === 4 ? '\x11' : '\x21'}${packPort(content.length)}${content}`;
};

const packPort = (number: number): string => String.fromCharCode(number >> 8, number & 0xff);

const packIpv4 = (address: string): string => String.fromCharCode(...address.split('.').map(Number));

const packIpv6 = (address: string): string => {
  if (!address.includes(':')) return `${'\0'.repeat(10)}\xff\xff${packIpv4(address)}`;
  const last = address.slice(address.lastIndexOf(':') + 1);
  const tail = last.includes('.') ? packIpv4(last) : '';
  const [before = '', after] = (tail === '' ? address : address.slice(0, -last.length).replace(/([^:]):$/, '$1')).split(
    '::',
  );
  const head = packGroups(before);
  const foot = packGroups(after ?? '') + tail;
  return head + '\0'.repeat(16 - head.length - foot.length) + foot;
};

const packGroups = (groups: string): string =>
  groups
    .split(':')
    .map((group) => (group === '' ? '' : packPort(Number.parseInt(group, 16))))
    .join('');
