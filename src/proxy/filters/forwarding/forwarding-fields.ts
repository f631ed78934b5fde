import { CidrSet, parseCidr, type Cidr } from '#base/cidr.ts';
import { createUuidV7 } from '#base/uuid-v7.ts';
import type { RequestHead } from '#http/head.ts';
import type { DownstreamPeer, Exchange, Filter } from '../../exchange/exchange.ts';
import { clientOf } from './client-address.ts';

/** Longest request id that is taken over, in characters; it goes into every log line. */
const MAX_REQUEST_ID_LENGTH = 128;
const MAPPED_V4 = '::ffff:';
/** First letters of the fields that this filter is about. */
const F = 0x66;
const X = 0x78;

/**
 * Tells the backend who called and under which id, and keeps callers from telling it in this proxy's name.
 *
 * From a peer that is not trusted, `Forwarded`, `X-Real-IP`, `X-Request-Id` and all of `X-Forwarded-*` are removed
 * (also `X-Forwarded-User` and `-Client-Cert`, by which other proxies vouch for a caller). From a trusted one,
 * `X-Forwarded-For` and, where it came, `Forwarded` (RFC 7239) are continued by its address, and what else it said
 * stands. Then `X-Forwarded-For`, `-Proto`, `-Host`, `-Port` and `X-Request-Id` are there, whatever came.
 *
 * Goes first, since later stages log the id and believe the fields.
 */
export class ForwardingFields implements Filter {
  readonly name = 'ForwardingFields';
  readonly #trusted: CidrSet;
  /** Decided once per connection. */
  readonly #isTrusted = new WeakMap<DownstreamPeer, boolean>();

  /**
   * @param trusted blocks of addresses whose peers are believed, e.g. those of a load balancer in front
   * @defaultValue none
   * @throws RangeError where one is not a block of addresses
   */
  constructor(trusted: readonly string[] = []) {
    this.#trusted = new CidrSet(trusted.map(requireCidr));
  }

  onRequest(exchange: Exchange): undefined {
    const { request, peer } = exchange;
    const address = unmapped(peer.remoteAddress);
    if (this.#trusted.isEmpty || !this.#trusts(peer)) {
      exchange.requestId = createUuidV7();
      scrub(request.fields.entries);
      request.fields.entries.push('x-forwarded-for', address, 'x-forwarded-proto', request.scheme);
      if (request.authority !== '') request.fields.entries.push('x-forwarded-host', request.authority);
      request.fields.entries.push('x-forwarded-port', String(peer.localPort), 'x-request-id', exchange.requestId);
    } else {
      exchange.clientAddress = clientOf(request, peer.remoteAddress, this.#trusted);
      exchange.requestId = continueChain(request, peer, address);
    }
  }

  #trusts(peer: DownstreamPeer): boolean {
    let trusted = this.#isTrusted.get(peer);
    if (trusted === undefined) {
      trusted = this.#trusted.has(peer.remoteAddress);
      this.#isTrusted.set(peer, trusted);
    }
    return trusted;
  }
}

function requireCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined)
    throw new RangeError(`cannot trust ${text}: not an IP address or CIDR block (write e.g. 10.0.0.0/8)`);
  return cidr;
}

/** A socket that listens on both families reports IPv4 peers in IPv6 form, which backends do not expect. */
function unmapped(address: string): string {
  return address.startsWith(MAPPED_V4) && address.includes('.') ? address.slice(MAPPED_V4.length) : address;
}

/** Removes, in one pass, what an untrusted peer must not say. */
function scrub(entries: string[]): void {
  let kept = 0;
  for (let i = 0; i < entries.length; i += 2) {
    const name = entries[i]!;
    if (isAssertion(name)) continue;
    if (kept !== i) {
      entries[kept] = name;
      entries[kept + 1] = entries[i + 1]!;
    }
    kept += 2;
  }
  if (kept !== entries.length) entries.length = kept;
}

function isAssertion(name: string): boolean {
  const first = name.charCodeAt(0);
  if (first === F) return name === 'forwarded';
  if (first !== X) return false;
  return name === 'x-request-id' || name === 'x-real-ip' || name.startsWith('x-forwarded-');
}

/**
 * Adds this hop, in one pass, to what a trusted peer said. Several lines of a list become one: some backends read only
 * the first.
 * @returns the request id, the peer's where it is usable
 */
function continueChain(request: RequestHead, peer: DownstreamPeer, address: string): string {
  const entries = request.fields.entries;
  let kept = 0;
  let forwardedFor = '';
  let forwarded = '';
  let requestId = '';
  let hasProto = false;
  let hasHost = request.authority === ''; // there is none to tell
  let hasPort = false;
  for (let i = 0; i < entries.length; i += 2) {
    const name = entries[i]!;
    const value = entries[i + 1]!;
    switch (name) {
      case 'x-forwarded-for':
        if (value !== '') forwardedFor += `${value}, `;
        continue;
      case 'forwarded':
        if (value !== '') forwarded += `${value}, `;
        continue;
      case 'x-request-id':
        requestId = value;
        continue;
      case 'x-forwarded-proto':
        hasProto = true;
        break;
      case 'x-forwarded-host':
        hasHost = true;
        break;
      case 'x-forwarded-port':
        hasPort = true;
        break;
      default:
    }
    entries[kept++] = name;
    entries[kept++] = value;
  }
  entries.length = kept;
  if (!isUsableRequestId(requestId)) requestId = createUuidV7();
  entries.push('x-forwarded-for', forwardedFor + address, 'x-request-id', requestId);
  if (forwarded !== '') entries.push('forwarded', forwarded + forwardedElement(request, address));
  if (!hasProto) entries.push('x-forwarded-proto', request.scheme);
  if (!hasHost) entries.push('x-forwarded-host', request.authority);
  if (!hasPort) entries.push('x-forwarded-port', String(peer.localPort));
  return requestId;
}

/** Visible ASCII of a bounded length: it is copied into logs and answers. */
function isUsableRequestId(value: string): boolean {
  if (value.length > MAX_REQUEST_ID_LENGTH) return false;
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (c < 0x21 || c > 0x7e) return false;
  }
  return value !== '';
}

/** One element of `Forwarded`; an IPv6 address needs brackets, and a colon needs quotes (RFC 7239 §4, §6). */
function forwardedElement(request: RequestHead, address: string): string {
  const node = address.includes(':') ? `"[${address}]"` : address;
  const host = request.authority.includes(':') ? `"${request.authority}"` : request.authority;
  return host === '' ? `for=${node};proto=${request.scheme}` : `for=${node};host=${host};proto=${request.scheme}`;
}
