import { isIP, isIPv4 } from 'node:net';

/**
 * Whether a request's authority names this machine by an address or by `localhost`.
 *
 * A page on the web can make its own name point to 127.0.0.1 and then read what a local server says (DNS rebinding).
 * The browser tells on it: `Host` has the name of the page. An address cannot be pointed elsewhere.
 *
 * @param authority of the request, lower case; '' (only in HTTP/1.0) is no browser's
 * @param localAddress that the connection came in on: such as that of a pod, where the API is bound to it on purpose
 */
export const isLocalHost = (authority: string, localAddress: string): boolean => {
  if (authority === '') return true;
  const host = hostOf(authority);
  if (isIP(host) !== 0) return isLoopbackAddress(host) || host === plainAddress(localAddress);
  return host === 'localhost' || host.endsWith('.localhost'); // RFC 6761 §6.3
};

/** @returns host without port and without the brackets of an IPv6 address */
const hostOf = (authority: string): string => {
  if (authority.startsWith('[')) return authority.slice(1, authority.indexOf(']'));
  const colon = authority.indexOf(':');
  return colon === -1 ? authority : authority.slice(0, colon);
};

const isLoopbackAddress = (host: string): boolean =>
  isIPv4(host) ? host.startsWith('127.') : host === '::1' || host.startsWith('::ffff:127.');

/** An IPv4 client of an IPv6 socket shows as a mapped address (RFC 4291 §2.5.5.2). */
const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '');
