import { isHeadField } from '#http/head-fields.ts';
import { FIELD_NAMES } from '#http/field-names.ts';
import { STATIC_LENGTH, STATIC_NAMES, STATIC_VALUES } from './static-table.ts';

/*
 * How the encoder treats a field by its name. The table of a connection is small (4 KiB), so it is for what comes
 * again: a value that differs every time would push out what others save.
 */

/** Into the table at first sight: what clients and servers say of themselves in every message. */
export const INDEX = 0;
/** Into the table when the same value comes again: what may be constant or not. */
export const INDEX_REPEATED = 1;
/** Never: differs from message to message. */
export const LITERAL = 2;
/** A secret: neither here nor at any hop behind (RFC 7541 §7.1.3). */
export const NEVER_INDEX = 3;
/** A cookie: short ones can be guessed octet by octet, long ones are worth their place when they come again. */
export const COOKIE = 4;

/** What the encoder knows of a name. */
export class NameRule {
  readonly name: string;
  /** Number among the known names: entries of one name are found by it. */
  readonly bucket: number;
  readonly indexing: number;
  /** First index of the name in the static table, or 0. */
  readonly staticIndex: number;
  /** Values that the static table has from that index on. */
  readonly staticValues: readonly string[];
  /** Whether the encoders of heads write it: among the fields it would frame or route a message twice. */
  readonly head: boolean;

  constructor(name: string, bucket: number) {
    this.name = name;
    this.bucket = bucket;
    this.indexing = indexingOf(name);
    this.staticIndex = Math.max(0, STATIC_NAMES.indexOf(name));
    this.staticValues = STATIC_VALUES.filter((value, i) => STATIC_NAMES[i] === name && value !== '');
    this.head = isHeadField(name) || name.startsWith(':');
  }
}

const INDEXED = new Set(
  (
    ':authority :scheme :status :protocol accept accept-charset accept-encoding accept-language accept-ranges ' +
    'access-control-allow-credentials access-control-allow-headers access-control-allow-methods ' +
    'access-control-allow-origin access-control-max-age alt-svc cache-control content-encoding content-language ' +
    'content-security-policy content-type dnt grpc-accept-encoding grpc-encoding server strict-transport-security te ' +
    'upgrade-insecure-requests user-agent vary via x-content-type-options x-forwarded-proto x-frame-options x-powered-by ' +
    'x-xss-protection'
  ).split(' '),
);

const LITERALS = new Set(
  (
    'x-request-id traceparent x-b3-traceid x-b3-spanid x-b3-parentspanid b3 idempotency-key if-modified-since ' +
    'if-none-match last-modified location content-range range sec-websocket-key sec-websocket-accept age grpc-timeout ' +
    'ratelimit'
  ).split(' '),
);

const SECRETS = new Set(
  'authorization proxy-authorization set-cookie x-api-key x-forwarded-client-cert proxy-authenticate'.split(' '),
);

function indexingOf(name: string): number {
  if (name === 'cookie') return COOKIE;
  if (SECRETS.has(name)) return NEVER_INDEX;
  if (INDEXED.has(name)) return INDEX;
  return LITERALS.has(name) ? LITERAL : INDEX_REPEATED;
}

const SLOTS = 1024;
const slots: (NameRule | null)[] = Array.from({ length: SLOTS }, () => null);
/** Buckets of names that are not known lie behind those of the known ones. */
const OTHER_BUCKETS = 64;
let known = 0;
fillSlots();

/** How many buckets there are. */
export const BUCKETS = known + OTHER_BUCKETS;

function fillSlots(): void {
  const pseudo = [':authority', ':method', ':path', ':scheme', ':status', ':protocol'];
  const names = new Set([...pseudo, ...FIELD_NAMES.slice(1), ...STATIC_NAMES.slice(1, STATIC_LENGTH + 1)]);
  for (const name of names) {
    let slot = slotOf(name);
    while (slots[slot] !== null) slot = (slot + 1) & (SLOTS - 1);
    slots[slot] = new NameRule(name, known++);
  }
}

/** Mixes length and three characters, which tells the known names apart well enough. */
function slotOf(name: string): number {
  const length = name.length;
  if (length === 0) return 0;
  const first = name.charCodeAt(0);
  const middle = name.charCodeAt(length >> 1);
  const last = name.charCodeAt(length - 1);
  return (Math.imul(length, 37) + Math.imul(first, 5) + Math.imul(middle, 67) + Math.imul(last, 241)) & (SLOTS - 1);
}

/** @returns the rule of a known name, or null; the default is {@link INDEX_REPEATED} */
export function ruleOf(name: string): NameRule | null {
  let slot = slotOf(name);
  for (let rule = slots[slot]!; rule !== null; rule = slots[slot]!) {
    if (rule.name === name) return rule;
    slot = (slot + 1) & (SLOTS - 1);
  }
  return null;
}

/** @returns the rule of a name that is known for sure. @throws where it is not: a mistake in the codec */
export function knownRule(name: string): NameRule {
  const rule = ruleOf(name);
  if (rule === null) throw new Error(`no rule for the field ${name}`);
  return rule;
}

/** Bucket of a name that has no rule; shared with others. */
export function bucketOf(name: string): number {
  return known + (slotOf(name) & (OTHER_BUCKETS - 1));
}
