import type { TlsKeyPair } from './tls-key-pair.ts';

/**
 * How well a listener's host name fits a server name: `*.example.com` stands for one or more labels (Gateway API), ''
 * for any host.
 * @returns greater for the better fit, -1 for none
 */
export const listenerFit = (hostname: string, serverName: string): number => {
  if (hostname === '') return 0;
  if (serverName === '') return -1;
  if (!hostname.startsWith('*.')) return hostname.toLowerCase() === serverName ? Infinity : -1;
  const suffix = hostname.slice(1).toLowerCase();
  return serverName.length > suffix.length && serverName.endsWith(suffix) ? suffix.length : -1;
};

/**
 * Chooses what is shown to a client that asks for `serverName`: certificates for exactly that name, else those for its
 * wildcard, else the first. Of several that fit alike, the first of each type of key, since the client's abilities
 * decide between those.
 */
export const chooseKeyPairs = (pairs: readonly TlsKeyPair[], serverName: string): readonly TlsKeyPair[] => {
  const exact = pairs.filter(({ hostNames }) => hostNames.includes(serverName));
  if (exact.length > 0) return firstOfEachType(exact);
  const dot = serverName.indexOf('.');
  const wildcard = dot > 0 ? `*${serverName.slice(dot)}` : '';
  const broader = pairs.filter(({ hostNames }) => hostNames.includes(wildcard));
  if (broader.length > 0) return firstOfEachType(broader);
  return pairs.length === 0 ? [] : firstOfEachType(pairs.filter((pair) => sharesName(pair, pairs[0]!)));
};

const firstOfEachType = (pairs: readonly TlsKeyPair[]): readonly TlsKeyPair[] =>
  [...new Map(pairs.toReversed().map((pair) => [pair.keyType, pair])).values()].sort(
    (a, b) => pairs.indexOf(a) - pairs.indexOf(b),
  );

const sharesName = (pair: TlsKeyPair, first: TlsKeyPair): boolean =>
  pair === first || pair.hostNames.some((name) => first.hostNames.includes(name));
