import type { CidrSet } from '#base/cidr.ts';
import { parseAddress } from '#base/cidr.ts';
import type { RequestHead } from '#http/head.ts';

const scratch = new Uint32Array(4);

/**
 * Tells the address of the client that trusted proxies forward for: of `X-Forwarded-For`, the last address that is not
 * one of theirs. What stands in front of it is the client's own word.
 *
 * @param peer its address, which is trusted
 * @returns '' where a trusted proxy did not tell an address
 */
export function clientOf({ fields }: RequestHead, peer: string, trusted: CidrSet): string {
  const chain = fields.get('x-forwarded-for');
  if (chain === undefined) return peer;
  let client = peer;
  for (const element of chain.split(',').toReversed()) {
    const text = element.trim();
    if (text === '') continue;
    client = withoutPort(text);
    if (!parseAddress(client, scratch)) return '';
    if (!trusted.has(client)) return client;
  }
  return client;
}

/** Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`. */
function withoutPort(text: string): string {
  if (text.startsWith('[')) return text.slice(1, text.indexOf(']'));
  const colon = text.indexOf(':');
  return colon !== -1 && colon === text.lastIndexOf(':') ? text.slice(0, colon) : text;
}
