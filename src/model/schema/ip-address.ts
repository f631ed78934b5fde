import * as z from 'zod';

const ipv4 = z.ipv4();
const ipv6 = z.ipv6();

/** Tells the version of an IP address written without brackets and zone; undefined for any other text. */
export function ipVersion(text: string): 'IPv4' | 'IPv6' | undefined {
  if (ipv4.safeParse(text).success) return 'IPv4';
  return ipv6.safeParse(text).success ? 'IPv6' : undefined;
}

const cidrv4 = z.cidrv4();
const cidrv6 = z.cidrv6();

/** Tells whether a text is a range of IP addresses, with its prefix length, as in 10.0.0.0/8 (RFC 4632 §3.1). */
export function isCidr(text: string): boolean {
  return cidrv4.safeParse(text).success || cidrv6.safeParse(text).success;
}

/** Tells whether a text is an IP address, written without brackets and zone. */
export function isIP(text: string): boolean {
  return ipVersion(text) !== undefined;
}
