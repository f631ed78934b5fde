import * as z from 'zod';

const ipv4 = z.ipv4();
const ipv6 = z.ipv6();

/** Tells the version of an IP address written without brackets and zone; undefined for any other text. */
export function ipVersion(text: string): 'IPv4' | 'IPv6' | undefined {
  if (ipv4.safeParse(text).success) return 'IPv4';
  return ipv6.safeParse(text).success ? 'IPv6' : undefined;
}

/** Tells whether a text is an IP address, written without brackets and zone. */
export function isIP(text: string): boolean {
  return ipVersion(text) !== undefined;
}
