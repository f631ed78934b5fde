import type { ProxiedAddresses } from '#codec/proxy-protocol/addresses.ts';
import type { DownstreamPeer } from './exchange.ts';

/** @returns both ends of a client's connection, as the PROXY protocol tells of them */
export const addressesOf = (
  peer: Pick<DownstreamPeer, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>,
): ProxiedAddresses => ({
  sourceAddress: peer.remoteAddress,
  sourcePort: peer.remotePort,
  destinationAddress: peer.localAddress,
  destinationPort: peer.localPort,
});
