import { isIP } from 'node:net';

/** What a name stands for, and for how long. */
export interface NameAnswer {
  /** IP addresses, sorted, without repetition; at least one. */
  readonly addresses: readonly string[];
  /** Infinity where the answer has no TTL (the hosts file). */
  readonly ttlMs: number;
}

/** Whether the text is an IP address and needs no resolving. */
export const isAddress = (text: string): boolean => isIP(text) !== 0;

const createResolvers = async () => {
  const { lookup, Resolver } = await import('node:dns/promises');
  return { lookup, dns: new Resolver({ timeout: 2_000, tries: 2 }) };
};

let resolvers: ReturnType<typeof createResolvers> | null = null;

/** Made with the first host name: most endpoints are addresses, and most processes never need them. */
const theResolvers = (): ReturnType<typeof createResolvers> => (resolvers ??= createResolvers());

/**
 * Resolves a host name: by DNS, whose answers have a TTL; where that knows nothing, as the system does (hosts file).
 * @returns null where neither knows the name now
 */
export const resolveName = async (name: string, family: 'Any' | 'IPv4' | 'IPv6'): Promise<NameAnswer | null> =>
  // A single label is the hosts file's or a search domain's, which only the system's resolver looks into.
  (name.includes('.') ? await askDns(name, family) : null) ?? (await askSystem(name, family));

const askDns = async (name: string, family: 'Any' | 'IPv4' | 'IPv6'): Promise<NameAnswer | null> => {
  const { dns } = await theResolvers();
  const questions = [
    ...(family === 'IPv6' ? [] : [dns.resolve4(name, { ttl: true })]),
    ...(family === 'IPv4' ? [] : [dns.resolve6(name, { ttl: true })]),
  ];
  const records = (await Promise.allSettled(questions)).flatMap((answer) =>
    answer.status === 'fulfilled' ? answer.value : [],
  );
  if (records.length === 0) return null;
  const ttlSeconds = Math.min(...records.map((record) => record.ttl));
  return { addresses: distinct(records.map((record) => record.address)), ttlMs: ttlSeconds * 1000 };
};

const askSystem = async (name: string, family: 'Any' | 'IPv4' | 'IPv6'): Promise<NameAnswer | null> => {
  const { lookup } = await theResolvers();
  try {
    const found = await lookup(name, { all: true, family: family === 'Any' ? 0 : family === 'IPv4' ? 4 : 6 });
    return found.length === 0 ? null : { addresses: distinct(found.map((entry) => entry.address)), ttlMs: Infinity };
  } catch {
    return null;
  }
};

const distinct = (addresses: readonly string[]): readonly string[] => [...new Set(addresses)].toSorted();
