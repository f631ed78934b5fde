import { TOKEN_LOWER } from './token.ts';

/*
 * Well-known field names as small numbers and shared strings: a known name costs no allocation, and compares by
 * identity ever after.
 */

/** Number of a name that is not in the table. */
export const UNKNOWN_NAME = 0;

// What the decoders turn into properties of the head, or drop (`proxy-connection`, `http2-settings`): never in `Fields`.
// Each is the place of the name in `HEAD_NAMES`.
export const HOST = 1;
export const CONTENT_LENGTH = 2;
export const TRANSFER_ENCODING = 3;
export const CONNECTION = 4;
export const KEEP_ALIVE = 5;
export const TE = 7;
export const UPGRADE = 8;
export const EXPECT = 10;
/** Names from this number on are ordinary fields. */
export const FIRST_ORDINARY = 11;

const HEAD_NAMES = [
  '',
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
  'http2-settings',
  'expect',
];

const ORDINARY_NAMES = (
  'accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-credentials ' +
  'access-control-allow-headers access-control-allow-methods access-control-allow-origin access-control-expose-headers ' +
  'access-control-max-age access-control-request-headers access-control-request-method age allow alt-svc authorization ' +
  'b3 baggage cache-control content-disposition content-encoding content-language content-location content-range ' +
  'content-security-policy content-type cookie date dnt early-data etag forwarded from grpc-accept-encoding ' +
  'grpc-encoding grpc-message grpc-status grpc-timeout idempotency-key if-match if-modified-since if-none-match ' +
  'if-range if-unmodified-since last-modified link location max-forwards origin pragma priority proxy-authenticate ' +
  'proxy-authorization range ratelimit ratelimit-policy referer referrer-policy retry-after sec-ch-ua ' +
  'sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user ' +
  'sec-websocket-accept sec-websocket-extensions sec-websocket-key sec-websocket-protocol sec-websocket-version ' +
  'server server-timing set-cookie strict-transport-security traceparent tracestate trailer ' +
  'upgrade-insecure-requests user-agent vary via www-authenticate x-api-key x-b3-parentspanid x-b3-sampled ' +
  'x-b3-spanid x-b3-traceid x-content-type-options x-envoy-expected-rq-timeout-ms x-forwarded-client-cert ' +
  'x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-frame-options x-powered-by x-real-ip ' +
  'x-request-id x-requested-with x-xss-protection'
).split(' ');

/** The names by their numbers. */
export const FIELD_NAMES: readonly string[] = [...HEAD_NAMES, ...ORDINARY_NAMES];

/*
 * Fields that mean something beyond one connection. Naming one in `Connection` is how a sender has another hop remove
 * what that hop's own rules rest on (who the caller is, how long the content is), so it is refused instead of obeyed;
 * RFC 9110 §7.6.1 forbids senders to do it.
 */
const END_TO_END = new Set(
  (
    'host content-length content-type content-encoding authorization cookie set-cookie cache-control origin forwarded ' +
    'x-forwarded-client-cert x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-real-ip ' +
    'x-request-id traceparent tracestate'
  ).split(' '),
);

/** Whether `Connection` must not name this field. @param name lower case */
export function isEndToEnd(name: string): boolean {
  return END_TO_END.has(name);
}

/*
 * Fields that must be known before the content, so that a trailer of that name can only be meant to override what
 * was decided without it (RFC 9110 §6.5.1). They are dropped, as if the sender had not sent them.
 */
const NOT_IN_TRAILERS = new Set(
  (
    'authorization proxy-authorization www-authenticate proxy-authenticate cookie set-cookie content-encoding ' +
    'content-type content-range content-location trailer cache-control max-forwards range if-match if-none-match ' +
    'if-modified-since if-unmodified-since if-range age date location retry-after vary warning pragma origin ' +
    'forwarded x-forwarded-client-cert x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-real-ip'
  ).split(' '),
);

/** Whether a trailer of this name is dropped. @param name lower case */
export function isDroppedTrailer(name: string): boolean {
  return NOT_IN_TRAILERS.has(name);
}

const SLOTS = 1024;
/** Number of the name in each slot, 0 for none; collisions go on to the next slot. */
const slots = new Uint8Array(SLOTS);
/** Where the octets of each name begin in `octets`; one more entry marks the end of the last. */
const starts = new Uint16Array(FIELD_NAMES.length + 1);
/** The names, one behind the other: comparing with an array is faster than with a string. */
const octets = Buffer.from(FIELD_NAMES.join(''), 'latin1');
fillSlots();

function fillSlots(): void {
  for (let id = 1; id < FIELD_NAMES.length; id++) {
    starts[id + 1] = starts[id]! + FIELD_NAMES[id]!.length;
    let slot = slotOf(octets, starts[id]!, starts[id + 1]!);
    while (slots[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
    slots[slot] = id;
  }
}

/** Mixes length and three octets: enough to tell the known names apart, and no work per octet. Case is folded. */
function slotOf(buffer: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const first = buffer[start]! & 0x1f;
  const middle = buffer[start + (length >> 1)]! & 0x1f;
  const last = buffer[end - 1]! & 0x1f;
  return (Math.imul(length, 37) + Math.imul(first, 5) + Math.imul(middle, 67) + Math.imul(last, 241)) & (SLOTS - 1);
}

/**
 * Finds the number of the name in `buffer[start, end)`, in any case.
 * @returns the number, or {@link UNKNOWN_NAME}
 */
export function findFieldName(buffer: Uint8Array, start: number, end: number): number {
  let slot = slotOf(buffer, start, end);
  for (let id = slots[slot]!; id !== UNKNOWN_NAME; id = slots[slot]!) {
    if (isName(buffer, start, end, id)) return id;
    slot = (slot + 1) & (SLOTS - 1);
  }
  return UNKNOWN_NAME;
}

function isName(buffer: Uint8Array, start: number, end: number, id: number): boolean {
  const token = TOKEN_LOWER;
  const known = octets;
  let at = starts[id]!;
  if (starts[id + 1]! - at !== end - start) return false;
  for (let i = start; i < end; i++) if (token[buffer[i]!] !== known[at++]) return false;
  return true;
}
