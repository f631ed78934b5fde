import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

/** What a machine's programs go by to find names: its `/etc/resolv.conf` (resolv.conf(5)). */
export interface ResolverConfiguration {
  /** IP addresses; those of IPv6 may name their interface. */
  readonly nameservers: readonly string[];
  /** Domains that short names are tried in, lower case, without the last dot. */
  readonly search: readonly string[];
  /** Lines that say how programs are to ask, as they are. */
  readonly options: readonly string[];
}

export const RESOLVER_FILE = '/etc/resolv.conf';
/** As glibc has it: it reads no more. */
const MAX_NAMESERVERS = 3;

/** Reads a machine's configuration; where there is none, there are no nameservers. */
export function readResolverConfiguration(path: string = RESOLVER_FILE): ResolverConfiguration {
  try {
    return parseResolverConfiguration(readFileSync(path, 'utf8'));
  } catch {
    return { nameservers: [], search: [], options: [] };
  }
}

/** What it does not know it leaves out, as programs do. */
export function parseResolverConfiguration(text: string): ResolverConfiguration {
  const nameservers: string[] = [];
  const options: string[] = [];
  let search: readonly string[] = [];
  for (const line of text.split('\n')) {
    const [key = '', ...values] = line.trim().split(/\s+/);
    if (key === 'nameserver' && isIP(values[0] ?? '') !== 0) nameservers.push(values[0]!);
    // The last of them counts.
    else if (key === 'search' || key === 'domain') search = values.map(toDomain).filter((domain) => domain !== '');
    else if (key === 'options') options.push(values.join(' '));
  }
  return { nameservers: nameservers.slice(0, MAX_NAMESERVERS), search, options };
}

/** @returns what a program finds the resolver by that is at this address, at port 53: no other can be said there */
export function formatResolverConfiguration({ nameservers, search, options }: ResolverConfiguration): string {
  const lines = nameservers.map((address) => `nameserver ${address}`);
  if (search.length > 0) lines.push(`search ${search.join(' ')}`);
  for (const option of options) lines.push(`options ${option}`);
  return `${lines.join('\n')}\n`;
}

const toDomain = (text: string): string => text.toLowerCase().replace(/\.$/, '');

/** Whether an address is of the machine itself: what answers there asks others in its turn. */
export const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';
